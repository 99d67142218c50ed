"""Labels in the reader's language; reasons written by the watch stay in English."""

import re
from collections.abc import Mapping
from functools import cache

from strandline.report.alerts.catalogue import read_catalogue

DEFAULT = "en"
LANGUAGES = {"en": "English", "bn": "বাংলা", "vi": "Tiếng Việt"}
"""ISO 639-1 code → the language's own name."""
_WEIGHT = re.compile(r"\s*([a-zA-Z]{1,8})(?:-[\w-]+)?\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*")


@cache
def labels(language: str) -> Mapping[str, str]:
    """Return the catalogue of one of ``LANGUAGES``."""
    return read_catalogue("strandline.web.dashboard", language)


def choose_language(requested: str | None, accepted: str) -> str:
    """Return the requested language, else the preferred one of an ``Accept-Language`` header, else English."""
    if requested in LANGUAGES:
        return requested or DEFAULT
    offered = [match for each in accepted[:500].split(",") if (match := _WEIGHT.fullmatch(each))]
    for match in sorted(offered, key=lambda match: -float(match[2] or 1)):
        if match[1].lower() in LANGUAGES and match[2] != "0":
            return match[1].lower()
    return DEFAULT
