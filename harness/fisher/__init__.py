"""Fisher diagonals: their text windows, their computation, their files."""
