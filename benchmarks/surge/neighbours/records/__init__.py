"""Gauge records: files, labelled weeks, neighbours, cyclones, and the windows of the networks."""
