"""Terrain, polders, waterways and land cover of a simulated coast."""
