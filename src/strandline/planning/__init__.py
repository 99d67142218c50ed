"""What to do about it: measures, triggers and the plan."""
