"""Sampled return levels, and what they rest on, in words and numbers."""
