"""Danger to life: water at homes, who dies in it, and how many people a year."""
