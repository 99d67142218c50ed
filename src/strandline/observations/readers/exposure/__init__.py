"""Readers of what stands on the coast, and of who lives there."""
