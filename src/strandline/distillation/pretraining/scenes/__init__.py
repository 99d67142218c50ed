"""Training of scene networks on labelled scenes."""
