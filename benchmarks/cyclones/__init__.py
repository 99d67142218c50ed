"""Synthetic cyclones of every basin, fitted to one part of the record and tried on the rest."""
