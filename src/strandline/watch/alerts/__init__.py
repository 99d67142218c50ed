"""Warnings of the watch: drafted, released by named persons, sent, and acknowledged."""
