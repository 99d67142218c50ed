"""What must hold between the numbers of a run before any of them is published."""
