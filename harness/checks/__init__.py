"""Checks before the first trial: of the machine, of a study's text and data, and of a real step."""
