"""Baselines: trees, a U-Net, and thresholds of radar."""
