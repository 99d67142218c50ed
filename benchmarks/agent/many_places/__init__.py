"""What the watch of many places in one process costs."""
