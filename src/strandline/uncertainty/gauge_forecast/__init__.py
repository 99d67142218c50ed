"""Forecast of a gauge's water level, 0 to 72 h ahead: the one that a run ships and the watch uses."""
