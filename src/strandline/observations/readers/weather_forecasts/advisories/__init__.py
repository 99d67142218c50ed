"""Cyclone advisories: forecast tracks with their uncertainty, and the wind and pressure that they mean for a place."""
