"""The dashboard page, its texts and its static files."""
