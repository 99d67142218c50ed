"""Distillation on simulated coasts, where the truth is known."""
