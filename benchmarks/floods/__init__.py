"""Distillation of flood maps on real radar and optical chips."""
