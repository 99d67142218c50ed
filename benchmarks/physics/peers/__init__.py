"""One script per solver: the same storm from the same file, run in its own environment."""
