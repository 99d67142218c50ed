"""Is a store what the watch wrote? Its file, schema, log, rows, alert files and times."""
