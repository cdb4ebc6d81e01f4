"""The command ``steadytune``."""
