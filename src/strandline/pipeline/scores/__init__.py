"""Scores of a run on the storms that it held out."""
