"""File formats, units and timestamps shared by the readers."""
