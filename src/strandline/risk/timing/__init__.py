"""Time: when the water arrives in each zone, and how long it stands."""
