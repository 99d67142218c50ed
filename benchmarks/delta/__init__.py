"""Distillation on simulated deltas."""
