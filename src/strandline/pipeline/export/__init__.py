"""What other programs and machines take from a finished run: its students as programs, its maps for a GIS."""
