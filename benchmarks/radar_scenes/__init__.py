"""What the sea's level at the hour of radar scenes is worth to flood maps."""
