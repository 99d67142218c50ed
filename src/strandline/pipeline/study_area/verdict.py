"""Whether a place can be run, what a run would give, and the cheapest remedy of each thing that it would refuse."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr

from strandline.errors import InputError
from strandline.observations.checks.findings import Finding, warnings_of
from strandline.observations.checks.inventory.inventory import Inventory, take_inventory
from strandline.observations.readers.formats.reading_process import Executor
from strandline.observations.region_file import RegionFile, examine_region_file
from strandline.observations.region_file.data_sections import SarSection
from strandline.observations.region_file.toml_file import read_toml
from strandline.observations.region_file.values import as_datetime64
from strandline.observations.weather.storms import find_whole_storms, overlaps_any
from strandline.pipeline.study_area.datum_remedies import with_offset
from strandline.pipeline.study_area.flood_scores import surveyed
from strandline.pipeline.study_area.input_requirements import refused_inputs
from strandline.pipeline.study_area.new_place.sea_point import SEA_POINT, sea_on_terrain
from strandline.pipeline.study_area.requirements import (
    MOST_STORMS,
    refused_by_planning,
    refused_by_theory,
    refused_names,
)
from strandline.planning.formatting import pluralise
from strandline.risk.hazard.cyclones.cyclone_passages import cyclone_passages
from strandline.risk.hazard.cyclones.passing_storms import is_cyclone_coast
from strandline.risk.hazard.own_record import FEWEST_CYCLONES


@dataclass(frozen=True)
class Verdict:
    """What `strandline check` concludes.

    Attributes:
        refusals: what a run would refuse, all of it, by the rules of the run itself.
        doubts: what a reader of the plan must know of the data.
        scope: sentences on what a run would give, and on what not.
    """

    refusals: tuple[Finding, ...]
    doubts: tuple[str, ...]
    scope: tuple[str, ...]

    @property
    def runs(self) -> bool:
        """Whether a run would accept the place."""
        return not self.refusals

    def to_json(self) -> dict[str, object]:
        """As plain values."""
        listed = [{"where": one.where, "what": one.what, "remedy": one.remedy} for one in self.refusals]
        return {"runs": self.runs, "refusals": listed, "doubts": list(self.doubts), "scope": list(self.scope)}


@dataclass(frozen=True, eq=False)
class Examination:
    """A place, looked at: its streams, ``None`` where region or terrain are not stated, and the verdict."""

    inventory: Inventory | None
    verdict: Verdict


def examine(path: Path, data: Path | None, execute: Executor) -> Examination:
    """Look at everything that a region file names, and judge all of it at once; nothing is computed.

    Args:
        data: folder that the region file's paths start from; ``None`` = its own.
        execute: where files are parsed.

    Raises:
        InputError: the region file is no TOML.
    """
    region_file, faults = examine_region_file(path, data)
    tables, folder = read_toml(path), path.parent if data is None else data
    faults = [with_offset(each, tables, folder, execute) for each in faults]
    if region_file is None:
        return Examination(None, Verdict(tuple(map(_of_fault, faults)), (), ()))
    lacks_sea_point = any(SEA_POINT in each.where for each in faults)
    if lacks_sea_point:
        region_file, faults = _with_sea_point(region_file, faults)
    inventory = take_inventory(region_file, execute=execute)
    verdict = judge(region_file, inventory)
    return Examination(inventory, replace(verdict, refusals=(*map(_of_fault, faults), *verdict.refusals)))


def _with_sea_point(region_file: RegionFile, faults: list[InputError]) -> tuple[RegionFile, list[InputError]]:
    """The region file with the sea that its terrain shows, and the faults with that point as the remedy."""
    sea = sea_on_terrain(region_file)
    if sea is None:
        return region_file, faults
    point = (round(sea.x, 1), round(sea.y, 1))
    remedy = (
        f"write sea_point = [{point[0]}, {point[1]}], the middle of the largest water on the terrain, if that is sea"
    )
    section = region_file.region_section.model_copy(update={"sea_point": point})
    return region_file.model_copy(update={"region_section": section}), [
        InputError(each.where, each.what, remedy) if SEA_POINT in each.where else each for each in faults
    ]


def _of_fault(fault: InputError) -> Finding:
    return Finding(fault.where, fault.what, fault.remedy, refuses=True)


def judge(region_file: RegionFile, inventory: Inventory) -> Verdict:
    """The verdict on a region file whose streams were looked at."""
    refusals = dict.fromkeys(_refusals(region_file, inventory))
    used = tuple(_of_cyclones(inventory)) if inventory.own_gauge is not None else ()
    scope = (*_of_maps(region_file, inventory), *_of_scores(region_file, inventory))
    return Verdict(tuple(refusals), (*warnings_of(inventory.findings), *warnings_of(used)), scope)


def _refusals(region_file: RegionFile, inventory: Inventory) -> Iterator[Finding]:
    for stream in inventory.streams:
        if stream.state == "unreadable":
            where, what, remedy = stream.fault or ("", stream.detail, "mend it, or leave it out")
            yield Finding(f"{stream.name} ({where})", what, remedy, refuses=True)
    yield from inventory.refused
    yield from refused_inputs(region_file, inventory.terrain, inventory.own_gauge)
    yield from map(_of_fault, refused_names(region_file.distillation))
    for sentence in refused_by_planning(region_file):
        yield _of_sentence("[planning]", sentence)
    if inventory.own_gauge is not None:
        for sentence in refused_by_theory(region_file, inventory.own_gauge, inventory.published):
            yield _of_sentence(f"gauge '{inventory.own_gauge['station'].values[0]}'", sentence)


def _of_sentence(where: str, sentence: str) -> Finding:
    what, _, remedy = sentence.partition("; ")
    return Finding(where, what, remedy or "see docs/how-to/real-place.md", refuses=True)


def _of_maps(region_file: RegionFile, inventory: Inventory) -> Iterator[str]:
    rows, columns = inventory.region.shape
    size = inventory.region.cell_size
    source = "observed by radar" if region_file.sar is not None else "computed by physics on the terrain, without radar"
    yield f"Flood maps on {rows} × {columns} cells of {size:g} m; the floods that they learn from are {source}."
    if region_file.sar is not None:
        yield _of_scenes(region_file.sar, inventory)


def _of_scenes(section: SarSection, inventory: Inventory) -> str:
    """At how many radar scenes the sea is known, and by what."""
    gauge, count = inventory.own_gauge, len(section.scenes)
    if gauge is None and inventory.published.constants is None:
        return (
            f"The sea at the hour of the {pluralise(count, 'radar scene')} is unknown, so that none is used and floods"
            " are computed by physics: give [tides] or a gauge's readings of those hours."
        )
    read = 0
    if gauge is not None:
        known = (gauge["quality"].values[0] == 0) & ~np.isnan(gauge["water_level"].values[0])
        hours = np.array([as_datetime64(scene.time) for scene in section.scenes]) + np.timedelta64(30, "m")
        hours = hours.astype("datetime64[h]").astype("datetime64[ns]")
        read = int(np.isin(hours, gauge["time"].values[known]).sum())
    others = "" if read == count else f"; at the other {count - read} it is less certain, from neighbours or the tide"
    return f"The sea was read at the hour of {read} of {pluralise(count, 'radar scene')}{others}."


def _of_scores(region_file: RegionFile, inventory: Inventory) -> Iterator[str]:
    """Whether the scores of the flood maps are defined, and by what."""
    gauge, held_out = inventory.own_gauge, region_file.split.windows
    against = "nothing: they are undefined" if region_file.sar is not None else "simulated floods alone"
    advice = "survey a flood ([[flood_survey]]: marks, photographs, polygons) and hold it out ([split] held_out)"
    if inventory.flood_survey is None or gauge is None:
        yield f"Scores of the flood maps compare with {against}; {advice}."
        return
    level = np.where(gauge["quality"].values[0] == 0, gauge["water_level"].values[0], np.nan)
    storms = find_whole_storms(gauge["time"].values, level, MOST_STORMS)
    seen = surveyed(storms, inventory.flood_survey)
    tested = [storm for storm in seen if overlaps_any(storm, held_out)]
    days = ", ".join(str(np.datetime_as_string(storm.peak, "D")) for storm in tested)
    if tested:
        yield f"Scores of the flood maps compare with what people saw of the held-out flood of {days}."
    elif seen:
        days = ", ".join(str(np.datetime_as_string(storm.peak, "D")) for storm in seen)
        yield (
            f"Surveys of {days} train the maps; scores compare with {against}, unless one of these storms is drawn for"
            " tests: hold it out ([split] held_out) to be sure."
        )
    else:
        days = ", ".join(str(np.datetime_as_string(each, "D")) for each in inventory.flood_survey["time"].values)
        yield (
            f"The surveys of {days} lie in none of the {len(storms)} storms of the gauge's record and are not used:"
            " check their 'time', or give the gauge's readings of those days."
        )


def _of_cyclones(inventory: Inventory) -> Iterator[Finding]:
    """Cyclones that were read, and how many of them the gauge saw."""
    storms, gauge = inventory.storms, inventory.own_gauge
    if storms is None or gauge is None or inventory.published.maxima is not None:
        return
    count = len(set(storms["storm"].values))
    seen, place = passages_in_record(storms, gauge), (float(gauge["longitude"][0]), float(gauge["latitude"][0]))
    if seen < FEWEST_CYCLONES and not is_cyclone_coast(*place):
        what = (
            f"{count} cyclones were read, {seen} of them passed while the gauge was read; below {FEWEST_CYCLONES} they"
            " are not kept apart from other storms, and rare levels may be too low"
        )
        remedy = "give a longer record, or published annual maxima or return levels of this coast"
        yield Finding("[storms]", what, remedy)


def passages_in_record(storms: xr.Dataset, gauge: xr.Dataset) -> int:
    """How many passages of cyclones the own gauge has a usable reading of."""
    place = float(gauge["longitude"].values[0]), float(gauge["latitude"].values[0])
    time = gauge["time"].values
    known = time[(gauge["quality"].values[0] == 0) & ~np.isnan(gauge["water_level"].values[0])]
    windows = cyclone_passages(storms, *place)
    return sum(bool(((known >= start) & (known <= end)).any()) for start, end in windows)
