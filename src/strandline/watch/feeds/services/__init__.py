"""Feeds that poll web services."""
