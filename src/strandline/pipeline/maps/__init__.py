"""Flood maps beyond a run: return levels of a large region, and the flood of one moment."""
