"""The sections of a region file that only the watch reads: live feeds, and who issues warnings."""
