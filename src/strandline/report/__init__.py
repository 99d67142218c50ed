"""Figures, the page, alert drafts and the files of a run."""
