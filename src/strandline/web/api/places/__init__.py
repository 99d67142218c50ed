"""The API of places: create, check, fetch, run, and scenarios."""
