"""Prepare a place: find it, write its region file, bring its data, and say what is missing."""
