"""Region files of earlier versions: which statements on datums they lack, as lines to write."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from strandline.errors import InputError

_FORMER_KEY = "datum_shift"
_LEVEL_STREAMS = ("file", "noaa_coops", "ioc", "erddap", "json")


def demand_datums(path: Path, raw: dict[str, Any]) -> None:
    """Refuse a file whose heights have no typed datum, with every line that is to be written.

    Raises:
        InputError: a section with heights states no datum, or states it by a key of version 0.2.
    """
    lines = list(_missing(raw))
    if lines:
        what = (
            f"{len(lines)} {'place does' if len(lines) == 1 else 'places do'} not state what heights are measured from"
        )
        remedy = "write there (docs/concepts/datums.md explains kinds and offsets):\n  " + "\n  ".join(lines)
        raise InputError(path, what, remedy)


def _missing(raw: dict[str, Any]) -> Iterator[str]:
    region = raw.get("region")
    if isinstance(region, dict) and isinstance(region.get("vertical_datum"), str):
        name = "".join(letter if letter.isprintable() else "?" for letter in region["vertical_datum"][:120])
        name = name.replace('"', "'")
        yield (
            f'[region] vertical_datum = {{ name = "{name}", kind = "mean sea level", epoch = [first year, last year] }}'
            ' (or kind = "geoid model", "chart datum", "local", without epoch)'
        )
    for place, section in _sections_with_heights(raw):
        if _FORMER_KEY in section or "vertical_datum" not in section:
            yield f"{place} {_lines_for(section.get(_FORMER_KEY))}"
    climate = raw.get("climate")
    if isinstance(climate, dict) and "sea_level_datum_shift" in climate:
        yield f"[climate.sea_level] {_lines_for(climate['sea_level_datum_shift'], 'sea_level_datum_shift')}"


def _sections_with_heights(raw: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and table of each section whose file holds heights."""
    for name in ("terrain", "extremes", "return_levels"):
        if isinstance(raw.get(name), dict):
            yield f"[{name}]", raw[name]
    for name in ("tide_gauge", "stream"):
        tables = raw.get(name)
        for table in tables if isinstance(tables, list) else []:
            if isinstance(table, dict) and (name == "tide_gauge" or _holds_levels(table)):
                yield f"[[{name}]] {str(table.get('name', '?'))[:80]!r}", table
    assets = raw.get("assets")
    if isinstance(assets, dict) and isinstance(assets.get("columns"), dict) and "crest" in assets["columns"]:
        yield "[assets]", assets


def _holds_levels(stream: dict[str, Any]) -> bool:
    return stream.get("kind") in _LEVEL_STREAMS or stream.get("variable") == "water_level_forecast"


def _lines_for(shift: object, former: str = _FORMER_KEY) -> str:
    value = str(shift)[:30]
    instead = "" if shift is None else f" (in place of {former} = {value})"
    if shift is None or shift == 0:
        return (
            f'vertical_datum = "region"{instead}, where its heights are above the region\'s datum; else its own datum'
            " and 'offset_to_region_datum'"
        )
    return (
        'vertical_datum = { name = "…", kind = "…" } and'
        f' offset_to_region_datum = {{ metres = {value}, uncertainty = …, source = "…" }}{instead}'
    )
