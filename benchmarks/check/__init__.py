"""Mistakes in a region file or its data, and what ``strandline check`` says about each."""
