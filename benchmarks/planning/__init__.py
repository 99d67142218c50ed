"""One delta planned with the costs of two countries, under several discount rates."""
