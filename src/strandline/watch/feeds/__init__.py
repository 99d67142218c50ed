"""Feeds: where readings come from, their quality control, and the health of each stream."""
