"""The same flood by other programs."""
