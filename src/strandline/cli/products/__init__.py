"""Commands that turn a finished run into files for others: programs, and documents to print."""
