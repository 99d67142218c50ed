"""Strandline turns almost no data into a coastal resilience plan."""
