"""Tide gauges of public services: the nearest stations, with distance, span and gaps."""
