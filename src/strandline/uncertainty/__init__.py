"""Uncertainty of the predictions: calibration, conformal intervals, risk control and out-of-distribution tests."""
