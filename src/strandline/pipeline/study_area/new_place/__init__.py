"""A place before its first run: its region file, its data, and the point from which the sea comes."""
