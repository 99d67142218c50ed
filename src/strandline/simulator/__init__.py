"""Coasts that never were, with their truth, and physics on coasts that are."""
