"""Studies, trials and their runs; see README.md."""
