"""Connections, locks and schema for SQLite and PostgreSQL."""
