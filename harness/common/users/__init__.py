"""Code that users write: tasks, metrics and methods."""
