"""The sources: each asks one service, and writes what the readers of a region file read."""
