"""Gauge records with weather: one type, files of many layouts, and the sets of gauges."""
