"""What a storm does every six hours: genesis, movement, intensity, decay over land, and end."""
