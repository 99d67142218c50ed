"""Networks and trees that map the flood in satellite images of one moment."""
