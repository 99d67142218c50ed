"""Damage as a function of the sea level: by asset class and by zone."""
