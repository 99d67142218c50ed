"""The cache of a region: fetched files, and a manifest that states of each what it is, whose, and its checksum."""

from strandline.observations.fetch.source import CACHE_FOLDER

MANIFEST = f"{CACHE_FOLDER}/manifest.json"
"""Its place within the data folder."""
