"""Labels in the reader's language; what the watch itself wrote stays in the language that it wrote in."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

DEFAULT = "en"
LANGUAGES = {"en": "English", "bn": "বাংলা", "vi": "Tiếng Việt"}
"""By the code of ISO 639-1, as each calls itself."""
_WEIGHT = re.compile(r"\s*([a-zA-Z]{1,8})(?:-[\w-]+)?\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*")


@cache
def labels(language: str) -> Mapping[str, str]:
    """The catalogue of one of ``LANGUAGES``."""
    text = (files("strandline.web.dashboard") / "languages" / f"{language}.toml").read_text(encoding="utf-8")
    catalogue: dict[str, str] = tomllib.loads(text)
    return catalogue


def choose_language(requested: str | None, accepted: str) -> str:
    """The language asked for, or the first that an ``Accept-Language`` header likes best, or English."""
    if requested in LANGUAGES:
        return requested or DEFAULT
    liked = [match for each in accepted[:500].split(",") if (match := _WEIGHT.fullmatch(each))]
    for match in sorted(liked, key=lambda match: -float(match[2] or 1)):
        if match[1].lower() in LANGUAGES and match[2] != "0":
            return match[1].lower()
    return DEFAULT
