"""Radar teaches eyes half shut: distillation for flood maps on real radar and optical chips."""
