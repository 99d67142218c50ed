"""Where readings come from, what is checked at the door, and how a stream is doing."""
