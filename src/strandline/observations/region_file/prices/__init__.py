"""What amounts of money are stated in: units, conversions, and the shipped presets of countries."""
