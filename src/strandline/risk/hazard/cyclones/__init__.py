"""Cyclones: when they passed a place, and the surges of simulated ones."""
