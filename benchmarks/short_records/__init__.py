"""Return levels of 2, 6 and 12 years of real gauges beside those of the whole record."""
