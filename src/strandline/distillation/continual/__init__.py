"""Continual learning: elastic weight consolidation, Fisher information and replay."""
