"""Hours before and after a forecast's issue time."""

CONTEXT_HOURS = 72
"""Hours of gauge record that a network sees, the last of them the hour of issue."""
LEADS = 25
"""Forecast leads: 0, 1, …, 24 h after issue."""
TIDE_HOURS = CONTEXT_HOURS + LEADS - 1
TIDE_MODES = 16
"""In which a predicted tide may be off within these hours."""
