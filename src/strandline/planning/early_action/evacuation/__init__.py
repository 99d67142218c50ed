"""Evacuation: areas, the time that it takes to clear them, and when to start."""
