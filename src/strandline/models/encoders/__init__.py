"""Encoders of what has no grid: gauges, climate, rain and rivers."""
