"""How to find what leads from a gauge's zero to the region's datum, with the number that its own record gives."""

import math
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from strandline.errors import InputError
from strandline.observations.readers.formats.reading_process import Executor
from strandline.observations.readers.gauges.tide_gauges import on_own_zero, read_readings
from strandline.observations.region_file.vertical_datum import MEAN_SEA_LEVEL_ON_GEOID
from strandline.observations.sea_level.mean_level import mean_sea_level

_GAUGE = re.compile(r"\[tide_gauge\.(\d+)\]$")
_MEAN = re.compile(r"\[tide_gauge\.\d+\.mean_sea_level\]$")
_LEVELLED = "a levelled benchmark of the gauge, or the mean sea level that its tide table or data centre states"


def with_offset(fault: InputError, tables: Mapping[str, Any], data: Path, execute: Executor) -> InputError:
    """A fault of a region file; where a gauge lacks its offset, the remedy holds the line that its record gives.

    Args:
        tables: of the region file.
        data: folder that the paths start from.
        execute: where files are parsed.
    """
    if _MEAN.search(fault.where) and "mean_sea_level" in fault.remedy:
        remedy = (
            "add 'mean_sea_level': 0.0 where the offset was made from the mean of its readings, else the first and last"
            " day of whole years of the record to average, as [2010-01-01, 2019-12-31]"
        )
        return InputError(fault.where, fault.what, remedy)
    found = _GAUGE.search(fault.where)
    gauges = tables.get("tide_gauge")
    if found is None or "offset_to_region_datum" not in fault.remedy or not isinstance(gauges, list):
        return fault
    gauge, region = gauges[int(found[1])], tables.get("region")
    datum = region.get("vertical_datum") if isinstance(region, Mapping) else None
    kind = str(datum.get("kind")) if isinstance(datum, Mapping) else ""
    return InputError(fault.where, fault.what, f"best: {_LEVELLED}. {_from_record(gauge, kind, data, execute)}")


def _from_record(gauge: Mapping[str, Any], kind: str, data: Path, execute: Executor) -> str:
    """What the readings themselves give."""
    try:
        section = on_own_zero(gauge, data)
        mean = mean_sea_level(*execute(list(section.paths), partial(read_readings, section)))
    except (InputError, ValidationError):
        mean = None
    if mean is None:
        return "Half a year of readings would give one as well, by their mean"
    metres, error, first, last = mean
    years = f"{first}" if first == last else f"{first} to {last}"
    if kind not in ("geoid model", "mean sea level"):
        return (
            f"Its readings have their mean {metres:.2f} m above its zero ({years}), which leads to no"
            f" {kind or 'datum'}: state the region's datum as a geoid model or a mean sea level to use that"
        )
    assumed = MEAN_SEA_LEVEL_ON_GEOID if kind == "geoid model" else 0.0
    stands = "the zero of the geoid model" if kind == "geoid model" else "the region's mean sea level"
    line = (
        f"offset_to_region_datum = {{ metres = {-metres:.2f}, uncertainty = {math.hypot(error, assumed):.2f}, source ="
        f' "mean of its readings, {years}; ASSUMPTION: that stands at {stands}" }}'
    )
    cost = "; it may be off by as much, and so may every level and depth" if assumed else ""
    return f"Without one write {line} and mean_sea_level = 0.0{cost}"
