"""Scores as data frames, from a store or a CSV file, and two methods compared."""
