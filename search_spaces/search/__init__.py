"""Searches for each method's best hyperparameters on the source's dev set; run them with ``steadytune search``."""
