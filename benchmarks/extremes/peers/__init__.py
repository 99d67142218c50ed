"""Other programs' return levels. Each script runs in an environment of its own, which the package does not need."""
