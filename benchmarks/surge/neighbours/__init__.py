"""Surge forecasts at tide gauges with short and incomplete records."""
