"""Assimilation of gauges and forecasts into an ensemble of the sea level of the coming two days."""
