"""The watch's agent: what its decisions are worth, and what broken streams do to it."""
