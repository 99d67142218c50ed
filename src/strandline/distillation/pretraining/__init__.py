"""Pre-training teacher and students on simulated coasts."""
