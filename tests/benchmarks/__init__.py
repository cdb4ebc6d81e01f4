"""Measurements, run by hand; each prints a table. Timings are ratios of what ran side by side."""
