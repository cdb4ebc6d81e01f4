"""A text file of results as a person or a program left it: its cells, names and numbers, each checked by its line."""
