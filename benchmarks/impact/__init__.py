"""Damage estimates beside CLIMADA and a reference."""
