"""Checks of datums: which shifts they find, and how often they doubt good data."""
