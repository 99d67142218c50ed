"""The dashboard and its API: what runs and the watch found, for those who decide; only a confirmation writes."""
