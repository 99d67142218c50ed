"""Surge at a gauge: covariance of the residual, response to weather, and the forecast from both."""
