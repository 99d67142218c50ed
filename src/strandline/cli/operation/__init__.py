"""What a place that has been run is used for: forecast, map, watch, verify the watch, and show."""
