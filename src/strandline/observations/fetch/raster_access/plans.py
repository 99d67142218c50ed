"""What the plans of rasters have in common: names by box, and details that are needed again."""

import hashlib
import json
from collections.abc import Sequence

from pystac import Item

from strandline.observations.fetch.box import Box


def name_of(folder: str, source: str, box: Box, what: str = "") -> str:
    """Path within the cache: the same box has the same name, another box another."""
    return f"{folder}/{'-'.join(part for part in (source, what, tag_of(box)) if part)}.tif"


def tag_of(box: Box) -> str:
    """A short name of a box."""
    return hashlib.sha256(str(box.bounds).encode()).hexdigest()[:8]


def packed(items: Sequence[Item]) -> str:
    """Items as text; their addresses are unsigned."""
    return json.dumps([item.to_dict(include_self_link=False, transform_hrefs=False) for item in items])


def unpacked(text: str) -> list[Item]:
    """Items of ``packed``."""
    return [Item.from_dict(each, migrate=False) for each in json.loads(text)]
