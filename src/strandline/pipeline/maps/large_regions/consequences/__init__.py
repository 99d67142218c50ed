"""What the floods of a large region do: damage, flooded land and people in danger, summed block by block."""
