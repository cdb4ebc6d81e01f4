"""Following a run: heartbeats, the live display, and the log file of a study."""
