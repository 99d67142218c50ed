"""Calibration of probabilities, bounds and miss rates: networks, ensembles, and conformal rules."""
