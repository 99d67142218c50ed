"""The jobs that commands run: from observations to a report."""
