"""Many trials: planned, checked, run here or on Ray, retried, shown."""
