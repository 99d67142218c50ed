"""Maps of regions too large for a run: cost of tiles, speed, and memory."""
