"""Places by name: a gazetteer that is asked only when a person gives a name."""
