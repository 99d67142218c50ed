"""The surge network, and the alignment of hourly students with daily teachers."""
