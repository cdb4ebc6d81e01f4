"""Extractive question answering: examples in SQuAD's format, windows over contexts, and spans of answers."""
