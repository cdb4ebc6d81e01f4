"""Checks of a study on real text and in a real step, before the first trial."""
