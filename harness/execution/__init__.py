"""Running many trials: plan, check, run here or on Ray, retry, show progress."""
