"""Feeds that read files and folders as they grow."""
