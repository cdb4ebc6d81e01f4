"""Ray for a study: its own or a running one, the worker processes, and the Ray Tune run."""
