"""Return levels of 30-year records against 10 000 simulated years, and of pieces of real records against the whole."""
