"""Simulated coasts with their truth, and hydrodynamics for real ones."""
