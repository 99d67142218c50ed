"""Flood maps of regions too large for a run: its students go over them tile by tile, on one machine or many."""
