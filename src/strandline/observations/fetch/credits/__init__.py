"""Whose the files of a run are, and what their publishers ask for."""
