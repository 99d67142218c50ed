"""Who gets the messages of released warnings, and how they leave this machine."""
