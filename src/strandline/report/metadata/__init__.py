"""What catalogues and readers learn about the files of a run: whose data they rest on, and what they hold."""
