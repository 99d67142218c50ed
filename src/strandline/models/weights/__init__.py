"""The shipped networks and how they are loaded."""
