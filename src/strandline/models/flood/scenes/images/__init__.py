"""What is computed of the images of a scene: local means, statistics, Otsu thresholds, and their cell size."""
