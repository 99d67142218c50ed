"""One script a solver: the same storm from the same file, run in an environment of its own."""
