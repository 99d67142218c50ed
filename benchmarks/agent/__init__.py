"""The agent of the watch: the value of its decisions, and the effect of stream failures."""
