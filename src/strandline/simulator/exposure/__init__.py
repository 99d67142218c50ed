"""Buildings, roads and people on a simulated coast."""
