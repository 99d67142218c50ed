"""Context hours and leads of a forecast."""

CONTEXT_HOURS = 72
"""Hours of gauge record before a forecast; the last one is the hour of issue."""
LEADS = 25
"""Forecast leads: 0, 1, …, 24 h after issue."""
TIDE_HOURS = CONTEXT_HOURS + LEADS - 1
TIDE_MODES = 16
"""Modes of the tide's error within these hours."""
