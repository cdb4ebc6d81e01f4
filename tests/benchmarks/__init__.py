"""Benchmarks, run by hand; each prints a table. Timings are ratios of runs side by side."""
