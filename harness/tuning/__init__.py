"""The hyperparameter search: its journal, its Ray Tune run, its winners."""
