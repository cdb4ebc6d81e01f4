"""The report on Fréchet distances between the languages' Fisher diagonals."""
