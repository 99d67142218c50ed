"""Files that a user really has, read into ``Observations``: everything SI, UTC, and on the region's datum."""
