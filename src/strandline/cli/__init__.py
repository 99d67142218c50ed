"""The command line: commands, what a person sees at the terminal, and the health check."""
