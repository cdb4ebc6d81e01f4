"""Shipped tasks; each file but ``squad`` defines one ``TASK``."""
