"""The training loop, on one device or several processes."""
