"""What mapped the images of a moment, in words for people: the one place that holds them."""

from collections.abc import Iterable, Mapping

from strandline.models.flood.scenes.index_thresholds import STATED

WORDS: Mapping[str, str] = {
    "transformer_all": "Vision Transformer on radar and optical images",
    "transformer_radar": "Vision Transformer on radar",
    "transformer_optical": "Vision Transformer on optical images",
    "trees_all": "boosted trees on radar and optical images",
    "trees_radar": "boosted trees on radar",
    "trees_optical": "boosted trees on optical images",
    "thresholds_radar": "thresholds found in the radar image",
    "untrained_all": "thresholds found in the radar and optical images",
    "untrained_radar": "thresholds found in the radar image",
    "untrained_optical": "water indices of the optical image",
    "student": "small network (the student), where no image shows the ground",
    "vv_found": "threshold found in the radar image (VV)",
    "vh_found": "threshold found in the radar image (VH)",
    "vv_found_change": "threshold found in the radar image (VV), and change since the image before",
    "vh_found_change": "threshold found in the radar image (VH), and change since the image before",
    "vv_stated": "fixed radar threshold (VV)",
    "vh_stated": "fixed radar threshold (VH)",
    "vv_stated_change": "fixed radar threshold (VV), and change since the image before",
    "vh_stated_change": "fixed radar threshold (VH), and change since the image before",
    "mndwi": "water index of the optical image (MNDWI)",
    "ndwi": "water index of the optical image (NDWI)",
    "points": "what people saw",
}
"""Name of a member, of a committee or of thresholds → words. Names stand in ``flood.json`` beside them."""


def in_words(members: Iterable[str]) -> tuple[str, ...]:
    """Members in words, the same words once; one that somebody else made keeps its name, without underscores."""
    return tuple(dict.fromkeys(WORDS.get(name, name.replace("_", " ")) for name in members))


def has_stated_threshold(members: Iterable[str]) -> bool:
    """Whether a radar band was mapped by a fixed threshold, since the image shows none."""
    return any(STATED in name.split("_") for name in members)
