"""Places that are made ready and run from the browser: a folder each, jobs in a process of their own, scenarios."""
