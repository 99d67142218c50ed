"""Storms, tides and surges of a simulated coast."""
