"""Text files of results from people or programs: checks of cells, names and numbers, with line numbers in errors."""
