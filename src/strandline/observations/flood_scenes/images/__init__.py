"""Satellite images of one moment, given as files or named in a region file, that any window can be read from."""
