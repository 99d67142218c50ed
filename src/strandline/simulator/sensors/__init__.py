"""Simulated gauges, depth loggers, radar and optical sensors."""
