"""Embankment breaches: strength, land behind, flood through a breach, and what a repair is worth."""
