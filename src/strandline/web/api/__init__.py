"""Routes under /api/v1, and their security."""
