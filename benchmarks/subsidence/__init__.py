"""A simulated delta whose land sinks by 2 cm a year: levels, damage and pathways, with and without."""
