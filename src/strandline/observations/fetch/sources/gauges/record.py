"""What a fetched gauge record shows: its span and gaps, its mean level, and the section of the region file for it."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Times
from strandline.observations.checks.datums.datum_jumps import LEAST_SHARE
from strandline.observations.fetch.source import PlannedFile, RegionSection, TomlValue
from strandline.observations.fetch.sources.gauges.stations import GaugeStation
from strandline.observations.readers.formats.tide_gauge_formats import READERS
from strandline.observations.region_file.data_sections import GaugeFileSection
from strandline.observations.sea_level.mean_level import mean_sea_level, on_one_zero

_MINIMUM_SHARE = 0.5


def gauge_section(
    planned: PlannedFile, to: Path, station: GaugeStation, distance: float, file: Mapping[str, TomlValue], licence: str
) -> tuple[RegionSection, tuple[str, ...]]:
    """The ``[[tide_gauge]]`` of a record that lies at ``to``, and what a user must know of it.

    The datum stays the station's own. What leads from it to the mean sea level of the record's last years is measured,
    and called so; to any other datum of a region nothing leads, and the comment says so.

    Args:
        distance: from the box [km].
        file: the keys that describe the file's format, as ``format`` and ``columns``.

    Raises:
        InputError: it cannot be read.
    """
    datum = {"name": station.datum, "kind": "local"}
    stated = {"name": station.name, "paths": str(to), "vertical_datum": "region", **file}
    section = GaugeFileSection.model_validate(stated)
    try:
        time, level = READERS[section.format](to, section)
    except InputError:
        to.unlink()  # what cannot be read is not cached
        raise
    notes = [f"{station.name} lies {distance:.0f} km from the box", coverage_of(station.name, time, level)]
    values: dict[str, TomlValue] = {
        "name": station.name,
        "paths": planned.region_path,
        **file,
        "longitude": round(station.longitude, 4),
        "latitude": round(station.latitude, 4),
        "minimum_share": _MINIMUM_SHARE,
        "vertical_datum": datum,
        "source": planned.url,
        "licence": licence,
    }
    comments = [f"{station.described(distance)}. Its levels are above {station.datum}."]
    steady = on_one_zero(time, level)
    moved = 1.0 - np.isfinite(steady).sum() / max(int(np.isfinite(level).sum()), 1)
    if moved >= LEAST_SHARE:
        notes.append(
            f"the zero of {station.name} moves: {moved:.0%} of its readings stand on another one, and do not count"
        )
    mean = mean_sea_level(time, level)
    if mean is None:
        comments.append(
            "The record is too short for a mean sea level: add 'offset_to_region_datum' and 'mean_sea_level'."
        )
    else:
        metres, uncertainty, first, last = mean
        values["mean_sea_level"] = 0.0
        values["offset_to_region_datum"] = {
            "metres": -metres,
            "uncertainty": uncertainty,
            "source": f"mean of this record, {first} to {last}: it leads to the mean sea level of these years",
        }
        comments.append(
            f"MEASURED: mean sea level of {first} to {last} stands {metres:.3f} m above that zero. The offset holds"
            " where the region's datum is that mean sea level; with any other datum replace it by a levelled one."
        )
    return RegionSection("tide_gauge", values, is_repeated=True, comments=tuple(comments)), tuple(notes)


def coverage_of(name: str, time: Times, level: Floats) -> str:
    """Span, share of unknown hours and longest gap of a record, in a sentence."""
    known = time[~np.isnan(level)]
    if not known.size:
        return f"{name} has no reading"
    hours = np.unique(known.astype("datetime64[h]"))
    span = int((hours[-1] - hours[0]) / np.timedelta64(1, "h")) + 1
    longest = float(np.diff(known).max() / np.timedelta64(1, "D")) if known.size > 1 else 0.0
    first, last = (np.datetime_as_string(each, "D") for each in (known[0], known[-1]))
    missing = 1.0 - hours.size / span
    return f"{name} has readings from {first} to {last}; {missing:.0%} of hours are missing, {longest:.1f} days at most"
