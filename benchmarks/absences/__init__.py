"""What each absent stream costs, in metres, people and money, on simulated coasts whose truth is known."""
