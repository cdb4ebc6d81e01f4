"""Text files of results by a person or a program: checks of cells, names and numbers, with line numbers in errors."""
