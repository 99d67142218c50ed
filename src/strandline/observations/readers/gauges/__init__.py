"""Gauges: tide gauges, and rivers where they enter the region."""
