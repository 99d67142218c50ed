"""What the map shows of zones: layers of a run, and the watch hour by hour."""
