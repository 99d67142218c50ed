"""The flood of one moment, from whatever shows it: images, points, ground, the sea, and a run of the place."""
