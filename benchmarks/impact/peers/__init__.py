"""One script per tool: the same floods and assets, run in its own environment."""
