"""Wet and dry ground between the tides on later scenes of a flat, by the hour of the scene alone."""
