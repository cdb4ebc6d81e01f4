"""A text file of results by a person or a program: its cells, names and numbers, each checked with its line number."""
