"""Sections of the region file that name surveys and maps: of floods, of assets, of people."""
