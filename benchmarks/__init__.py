"""What is measured, how, and beside whom; one module a benchmark."""
