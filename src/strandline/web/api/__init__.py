"""Routes under /api/v1 and what protects them."""
