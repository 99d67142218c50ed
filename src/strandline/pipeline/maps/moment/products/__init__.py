"""The products of a map of one moment: files, numbers and a picture."""
