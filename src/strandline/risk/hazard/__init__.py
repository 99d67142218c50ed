"""Extreme sea levels and the flood hazard they cause."""
