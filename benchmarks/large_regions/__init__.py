"""Regions too large for a run: what cutting them into tiles costs, how fast they are mapped and in how much memory."""
