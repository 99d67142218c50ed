"""Exposure, vulnerability and the damage of each sampled flood."""
