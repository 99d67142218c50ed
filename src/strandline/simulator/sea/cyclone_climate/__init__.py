"""Synthetic tropical cyclones of every basin: genesis, movement, intensity and end, fitted to recorded tracks."""
