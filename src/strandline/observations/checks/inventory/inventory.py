"""Inventory of a region file: span, gaps and age of each data stream, and the cost of each absence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

import geopandas as gpd
import numpy as np
import xarray as xr

from strandline.errors import InputError
from strandline.observations.checks.contradictions import find_contradictions
from strandline.observations.checks.findings import Finding
from strandline.observations.checks.inventory.descriptions import (
    describe_assets,
    describe_extremes,
    describe_gauge,
    describe_modality,
    describe_place_names,
    describe_return_levels,
    describe_scenarios,
    describe_terrain,
    describe_tides,
    describe_zones,
    read_and_describe,
)
from strandline.observations.checks.inventory.stream import HOUR, Stream
from strandline.observations.checks.published import Published
from strandline.observations.checks.quality import MISSING
from strandline.observations.exposure.plausibility import doubts_about_exposure
from strandline.observations.readers.exposure.assets import read_all_assets
from strandline.observations.readers.formats.reading_process import Executor, in_this_process
from strandline.observations.readers.gauges.tide_gauges import read_tide_gauges
from strandline.observations.readers.observe import (
    READERS,
    dataset_readers,
    files_of,
    flood_survey_reader,
    paths_of,
)
from strandline.observations.readers.published import read_published
from strandline.observations.readers.terrain import read_terrain
from strandline.observations.region import Region
from strandline.observations.region_file import RegionFile
from strandline.observations.region_file.planning_section import PlanningSection

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Inventory:
    """All streams of a region file, what is doubtful, and the data for its map (``None`` where they cannot be read)."""

    region: Region
    streams: tuple[Stream, ...]
    held_out: tuple[tuple[np.datetime64, np.datetime64], ...]
    gauges: tuple[tuple[str, float, float], ...]
    terrain: xr.Dataset | None
    assets: gpd.GeoDataFrame | None
    findings: tuple[Finding, ...] = ()
    own_gauge: xr.Dataset | None = None
    storms: xr.Dataset | None = None
    flood_survey: xr.Dataset | None = None
    published: Published = field(default_factory=Published)

    @property
    def unreadable(self) -> tuple[str, ...]:
        """Names of the streams whose files cannot be used."""
        return tuple(stream.name for stream in self.streams if stream.state == "unreadable")

    @property
    def refused(self) -> tuple[Finding, ...]:
        """What no plan may rest on."""
        return tuple(finding for finding in self.findings if finding.refuses)

    @property
    def is_usable(self) -> bool:
        """Whether a run reads it: terrain is present, every named file can be read, and nothing contradicts."""
        return self.terrain is not None and not self.unreadable and not self.refused


def take_inventory(
    region_file: RegionFile, now: np.datetime64 | None = None, execute: Executor = in_this_process
) -> Inventory:
    """Read every stream separately; an unreadable one does not hide the others.

    Args:
        now: reference of the ages (UTC); the current time when ``None``.
        execute: where files are parsed.
    """
    taking = _Taking(region_file, np.datetime64("now", "ns") if now is None else now, execute)
    terrain = taking.terrain()
    gauges = taking.gauges()
    published = taking.published()
    own_gauge = taking.contradictions(terrain, gauges, published)
    kept = taking.modalities()
    assets = taking.assets()
    mapped = kept.get("people")
    people = None if mapped is None else mapped["people"]
    taking.findings.extend(doubts_about_exposure(assets, people, terrain, region_file.region))
    taking.places()
    return Inventory(
        region_file.region,
        tuple(taking.streams),
        tuple(region_file.split.windows),
        tuple((gauge.name, gauge.longitude, gauge.latitude) for gauge in region_file.tide_gauge),
        terrain,
        assets,
        tuple(taking.findings),
        own_gauge,
        kept.get("storms"),
        kept.get("flood_survey"),
        published,
    )


@dataclass(frozen=True, eq=False)
class _Taking:
    """An inventory that is being taken: its streams and findings so far."""

    region_file: RegionFile
    now: np.datetime64
    execute: Executor
    streams: list[Stream] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def read(
        self,
        name: str,
        paths: Sequence[Path],
        read: Callable[[], T],
        describe: Callable[[T], Stream],
        cost: str | None = None,
    ) -> T | None:
        """What ``read`` gives, with a line that describes it; ``None``, with its fault, where it cannot be used."""
        try:
            found = self.execute(paths, read)
        except InputError as error:
            self.streams.append(Stream.unreadable(name, error, cost or name))
            return None
        self.streams.append(describe(found))
        return found

    def describe(self, name: str, paths: Sequence[Path], describe: Callable[[], Stream]) -> None:
        """Add a line of which the data is not looked at again, and stays where it is read."""
        self.read(name, paths, describe, lambda stream: stream)

    def terrain(self) -> xr.Dataset | None:
        """The ground."""
        read = partial(read_terrain, self.region_file.terrain, self.region_file.region)
        return self.read("terrain", files_of(self.region_file, "terrain"), read, describe_terrain)

    def gauges(self) -> list[xr.Dataset]:
        """Each gauge that can be read."""
        if not self.region_file.tide_gauge:
            self.streams.append(Stream.absent("tide_gauge"))
        found = []
        for number, gauge in enumerate(self.region_file.tide_gauge):
            cost = "neighbour" if number else "tide_gauge"
            name, read = f"tide_gauge: {gauge.name}", partial(read_tide_gauges, [gauge])
            found.append(self.read(name, paths_of(gauge), read, partial(describe_gauge, name, cost, self.now), cost))
        return [gauge for gauge in found if gauge is not None]

    def published(self) -> Published:
        """What is published of the sea and the land, each kind read without the others."""
        kinds: dict[str, Callable[[Published], Stream]] = {
            "tides": describe_tides,
            "extremes": partial(describe_extremes, self.now),
        }
        scenarios = self.region_file.scenarios
        if scenarios is not None and (scenarios.projections is not None or scenarios.subsidence is not None):
            kinds["scenarios"] = describe_scenarios
        together = Published()
        for name, describe in kinds.items():
            if getattr(self.region_file, name) is None:
                self.streams.append(Stream.absent(name))
                continue
            others = {each: None for each in ("tides", "extremes", "scenarios") if each != name}
            try:
                found = read_published(self.region_file.model_copy(update=others), self.execute)
            except InputError as error:
                self.streams.append(Stream.unreadable(name, error, name))
                continue
            self.streams.append(describe(found.value))
            self.findings.extend(found.findings)
            together = together.joined(found.value)
        listed = self.region_file.return_levels
        self.streams.append(Stream.absent("return_levels") if listed is None else describe_return_levels(listed))
        return together

    def contradictions(
        self, terrain: xr.Dataset | None, gauges: list[xr.Dataset], published: Published
    ) -> xr.Dataset | None:
        """Find where the data sets contradict one another; return the own gauge, if it can be read."""
        sections = self.region_file.tide_gauge
        if not gauges or gauges[0]["station"].values[0] != sections[0].name:
            self.findings.extend(find_contradictions(self.region_file, terrain, None, published))
            return None
        names = {str(each["station"].values[0]) for each in gauges}
        readable = tuple(section for section in sections if section.name in names)
        of_these = self.region_file.model_copy(update={"tide_gauge": readable})
        self.findings.extend(find_contradictions(of_these, terrain, _joined(gauges), published))
        return gauges[0]

    def modalities(self) -> dict[str, xr.Dataset | None]:
        """The modalities other than terrain and gauges; returned are those whose data is looked at again."""
        kept: dict[str, xr.Dataset | None] = {}
        readers, files = dataset_readers(self.region_file), partial(files_of, self.region_file)
        for name in READERS:
            if name in ("terrain", "tide_gauge"):
                continue
            if name not in readers:
                self.streams.append(Stream.absent(name))
            elif name in ("storms", "people"):
                kept[name] = self.read(name, files(name), readers[name], partial(describe_modality, name, self.now))
            else:
                self.describe(name, files(name), partial(read_and_describe, name, self.now, readers[name]))
        if not self.region_file.flood_survey:
            self.streams.append(Stream.absent("flood_survey"))
            return kept
        name, read = "flood_survey", flood_survey_reader(self.region_file)
        survey = self.read(name, files(name), read, lambda found: describe_modality(name, self.now, found.value))
        if survey is not None:
            self.findings.extend(survey.findings)
            kept[name] = survey.value
        return kept

    def assets(self) -> gpd.GeoDataFrame | None:
        """The assets of all surveys."""
        if not self.region_file.assets:
            self.streams.append(Stream.absent("assets"))
            return None
        planning = self.region_file.planning or PlanningSection()
        read = partial(read_all_assets, self.region_file.assets, self.region_file.region, planning)
        paths = files_of(self.region_file, "assets")
        survey = self.read("assets", paths, read, lambda found: describe_assets(found.value, self.now, planning.money))
        if survey is None:
            return None
        self.findings.extend(survey.findings)
        return survey.value

    def places(self) -> None:
        """The zones by which the watch reports, and the names of places."""
        region = self.region_file.region
        zones, names = self.region_file.zones, self.region_file.place_names
        if zones is None:
            self.streams.append(Stream.absent("zones"))
        else:
            self.describe("zones", paths_of(zones), partial(describe_zones, zones, region))
        if names is None:
            self.streams.append(Stream.absent("place_names"))
        else:
            self.describe("place_names", paths_of(names), partial(describe_place_names, names, region))


def _joined(gauges: list[xr.Dataset]) -> xr.Dataset:
    """Gauges that were read one by one, over the hours from the first to the last of them."""
    together = xr.concat(gauges, "station", data_vars="all", coords="different", compat="equals", join="outer")
    time = together["time"].values
    whole = together.reindex(time=np.arange(time.min(), time.max() + HOUR, HOUR))
    return whole.assign(quality=whole["quality"].fillna(MISSING).astype(np.uint8))  # unknown where another one is read
