"""Inventory of a region file: span, gaps and age of each data stream, and the cost of each absence."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Literal, TypeVar

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import xarray as xr

from strandline.errors import InputError
from strandline.observations.arrays import Times
from strandline.observations.checks.contradictions import find_contradictions
from strandline.observations.checks.findings import Checked, Finding
from strandline.observations.checks.published import Published
from strandline.observations.checks.quality import FLAG_NAMES, MISSING
from strandline.observations.checks.silence import coverage
from strandline.observations.exposure.plausibility import doubts_about_exposure
from strandline.observations.observations import MODALITIES
from strandline.observations.readers.exposure.assets import read_all_assets
from strandline.observations.readers.formats.reading_process import Executor, in_this_process
from strandline.observations.readers.observe import (
    READERS,
    dataset_readers,
    files_of,
    flood_survey_reader,
    paths_of,
)
from strandline.observations.readers.published import read_published
from strandline.observations.readers.terrain import read_terrain
from strandline.observations.readers.tide_gauges import read_tide_gauges
from strandline.observations.readers.zones import read_zones
from strandline.observations.region import Region
from strandline.observations.region_file import RegionFile
from strandline.observations.region_file.data_sections import (
    ZonesSection,
)
from strandline.observations.region_file.planning_section import PlanningSection
from strandline.observations.region_file.prices.money import MoneyUnit
from strandline.observations.region_file.scenario_sections import ReturnLevelsSection, ScenariosSection

S = TypeVar("S")
HOUR = np.timedelta64(1, "h")
State = Literal["present", "absent", "unreadable"]

COSTS = {name: modality.cost_of_absence for name, modality in MODALITIES.items()} | {
    "neighbour": "no substitute when the region's own gauge fails in a storm",
    "tides": "the tide is fitted to the record, which takes months of data and leaks if held-out storms are included;"
    " without a gauge it is a usual one, a third or three times as large as here",
    "extremes": "return levels rest on the gauge's own record; a short one only updates what other coasts have",
    "return_levels": "rare seas rest on annual maxima or the own record; without these, on what other coasts have",
    "assets": "no damage and no money: the plan has actions for lives alone, by the land that floods",
    "scenarios": "the sea rises as on the world's mean, and the land is taken as stable",
    "zones": "the watch reports by the districts that the assets name, else by square blocks",
}
"""Stream → what a region does without it."""


@dataclass(frozen=True)
class Stream:
    """One line of the inventory.

    Attributes:
        name: the modality; gauges one by one, as ``tide_gauge: NAME``.
        state: ``unreadable`` where the section exists but its files cannot be used.
        detail: summary of the data, or the error message.
        cost: what the region does without the stream.
        count: hours, scenes, fixes, cells or assets.
        gap_share: share of them that is unknown between the first and the last known one [-].
        longest_gap: [h]; ``None`` where it has no meaning.
        spans: known periods (start, end), UTC; a scene has no length.
        age_days: from the last known time until now.
        fault: where, what and remedy of one that is unreadable.
    """

    name: str
    state: State
    detail: str
    cost: str
    count: int | None = None
    gap_share: float | None = None
    longest_gap: float | None = None
    spans: tuple[tuple[np.datetime64, np.datetime64], ...] = ()
    age_days: float | None = None
    fault: tuple[str, str, str] | None = None


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
    now = np.datetime64("now", "ns") if now is None else now
    terrain: xr.Dataset | None = None
    gauge_data: list[xr.Dataset] = []
    streams: list[Stream] = []
    findings: list[Finding] = []
    region, readers, files = region_file.region, dataset_readers(region_file), partial(files_of, region_file)

    def describe(name: str, section: S | None, of: Callable[[S], Stream], paths: list[Path], cost: str = "") -> None:
        """Add the description of a section's data; absent without the section."""
        if section is None:
            streams.append(_absent(name))
            return
        try:
            streams.append(execute(paths, partial(of, section)))
        except InputError as error:
            streams.append(_unreadable(name, error, cost or name))

    try:
        terrain = execute(files("terrain"), partial(read_terrain, region_file.terrain, region))
        streams.append(_describe_terrain(terrain))
    except InputError as error:
        streams.append(_unreadable("terrain", error, "terrain"))
    if not region_file.tide_gauge:
        streams.append(_absent("tide_gauge"))
    for number, gauge in enumerate(region_file.tide_gauge):
        cost = "neighbour" if number else "tide_gauge"
        try:
            dataset = execute(paths_of(gauge), partial(read_tide_gauges, [gauge]))
            gauge_data.append(dataset)
            streams.append(_describe_gauge(cost, now, gauge.name, dataset))
        except InputError as error:
            streams.append(_unreadable(f"tide_gauge: {gauge.name}", error, cost))
    published = Published()
    for name, section, of in (
        ("tides", region_file.tides, _describe_tides),
        ("extremes", region_file.extremes, partial(_describe_extremes, now)),
        ("scenarios", region_file.scenarios, _describe_scenarios),
    ):
        if section is None:
            if name != "scenarios":
                streams.append(_absent(name))
            continue
        if isinstance(section, ScenariosSection) and section.projections is None and section.subsidence is None:
            continue
        try:
            others = {each: None for each in ("tides", "extremes", "scenarios") if each != name}
            found = read_published(region_file.model_copy(update=others), execute)
            streams.append(of(found.value))
            findings += found.findings
            published = published.joined(found.value)
        except InputError as error:
            streams.append(_unreadable(name, error, name))
    listed = region_file.return_levels
    streams.append(_absent("return_levels") if listed is None else _describe_return_levels(listed))
    own_is_readable = bool(gauge_data) and gauge_data[0]["station"].values[0] == region_file.tide_gauge[0].name
    own_gauge = gauge_data[0] if own_is_readable else None
    if own_gauge is None:
        findings += find_contradictions(region_file, terrain, None, published)
    else:
        names = {str(each["station"].values[0]) for each in gauge_data}
        readable = tuple(section for section in region_file.tide_gauge if section.name in names)
        of_these = region_file.model_copy(update={"tide_gauge": readable})
        findings += find_contradictions(of_these, terrain, _joined(gauge_data), published)
    zones = region_file.zones
    kept: dict[str, xr.Dataset | None] = {}

    def keep(name: str, read: Callable[[], xr.Dataset | Checked[xr.Dataset] | None]) -> None:
        """Add the description of a modality whose data is looked at again."""
        try:
            found = execute(files(name), read)
        except InputError as error:
            streams.append(_unreadable(name, error, name))
            return
        if isinstance(found, Checked):
            findings.extend(found.findings)
        kept[name] = found.value if isinstance(found, Checked) else found
        streams.append(_describe_modality(name, now, lambda: kept[name]))

    for name in READERS:
        if name in ("storms", "people") and name in readers:
            keep(name, readers[name])
        elif name not in ("terrain", "tide_gauge"):
            paths = files(name) if name in readers else []
            describe(name, readers.get(name), partial(_describe_modality, name, now), paths)
    if region_file.flood_survey:
        keep("flood_survey", flood_survey_reader(region_file))
    else:
        streams.append(_absent("flood_survey"))
    assets: gpd.GeoDataFrame | None = None
    if not region_file.assets:
        streams.append(_absent("assets"))
    else:
        try:
            planning = region_file.planning or PlanningSection()
            survey = execute(files("assets"), partial(read_all_assets, region_file.assets, region, planning))
            assets = survey.value
            findings += survey.findings
            streams.append(_describe_assets(assets, now, planning.money))
        except InputError as error:
            streams.append(_unreadable("assets", error, "assets"))
    mapped = kept.get("people")
    findings += doubts_about_exposure(assets, None if mapped is None else mapped["people"], terrain, region)
    describe("zones", zones, partial(_describe_zones, region), [] if zones is None else paths_of(zones))
    gauges = tuple((gauge.name, gauge.longitude, gauge.latitude) for gauge in region_file.tide_gauge)
    held_out = tuple(region_file.split.windows)
    return Inventory(
        region,
        tuple(streams),
        held_out,
        gauges,
        terrain,
        assets,
        tuple(findings),
        own_gauge,
        kept.get("storms"),
        kept.get("flood_survey"),
        published,
    )


def _joined(gauges: list[xr.Dataset]) -> xr.Dataset:
    """Gauges that were read one by one, over the hours from the first to the last of them."""
    together = xr.concat(gauges, "station", data_vars="all", coords="different", compat="equals", join="outer")
    time = together["time"].values
    whole = together.reindex(time=np.arange(time.min(), time.max() + HOUR, HOUR))
    return whole.assign(quality=whole["quality"].fillna(MISSING).astype(np.uint8))  # unknown where another one is read


def known_spans(time: Times, known: npt.NDArray[np.bool_]) -> tuple[tuple[np.datetime64, np.datetime64], ...]:
    """First and last time of each uninterrupted run of known values in a regular series."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(int)))
    return tuple((time[start], time[end - 1]) for start, end in zip(edges[::2], edges[1::2], strict=True))


def _describe_gauge(cost: str, now: np.datetime64, name: str, dataset: xr.Dataset) -> Stream:
    quality = dataset["quality"].values[0]
    found = [
        f"{int((quality & flag > 0).sum())} h {flag_name}" for flag, flag_name in FLAG_NAMES.items() if flag != MISSING
    ]
    level = dataset["water_level"].values[0]
    detail = (
        f"{np.nanmin(level):.2f} to {np.nanmax(level):.2f} m, mean sea level "
        f"{float(dataset['mean_sea_level'][0]):.2f} m; {', '.join(found)}"
    )
    return _timed(f"tide_gauge: {name}", cost, detail, dataset["time"].values, ~np.isnan(level), now)


def _describe_tides(published: Published) -> Stream:
    constants = published.constants
    if constants is None:
        return Stream("tides", "present", "fitted to the record outside the held-out windows", COSTS["tides"])
    greatest = sorted(constants.amplitude.items(), key=lambda item: -item[1])[:4]
    detail = "published constants: " + ", ".join(f"{name} {metres:.2f} m" for name, metres in greatest)
    return Stream("tides", "present", detail, COSTS["tides"], count=len(constants.amplitude))


def _describe_extremes(now: np.datetime64, published: Published) -> Stream:
    assert published.maxima is not None
    years, levels = published.maxima.years, published.maxima.levels
    detail = f"annual maxima {years.min():.0f}-{years.max():.0f}, {levels.min():.2f} to {levels.max():.2f} m"
    end = np.datetime64(f"{int(years.max()):04d}-12-31", "ns")
    return Stream("extremes", "present", detail, COSTS["extremes"], count=int(years.size), age_days=_days(now - end))


def _describe_return_levels(section: ReturnLevelsSection) -> Stream:
    periods, levels = section.periods, section.levels
    doubt = "" if section.low is None else f", with bounds of {section.chance:.0%} chance"
    detail = (
        f"published levels of {periods[0]:g} to {periods[-1]:g} years, {levels[0]:.2f} to {levels[-1]:.2f}"
        f" {section.unit}{doubt}"
    )
    return Stream("return_levels", "present", detail, COSTS["return_levels"], count=len(periods))


def _describe_scenarios(published: Published) -> Stream:
    projections, land, parts = published.projections, published.subsidence, []
    if projections is not None:
        parts.append("projections " + ", ".join(each.name for each in projections))
    if land is not None:
        rates = 1000 * land.median
        parts.append(f"land sinks by {rates.min():.3g} to {rates.max():.3g} mm a year, likeliest values")
    return Stream("scenarios", "present", "; ".join(parts), COSTS["scenarios"])


def _describe_modality(name: str, now: np.datetime64, read: Callable[[], xr.Dataset | None]) -> Stream:
    """A modality other than terrain and gauges."""
    dataset = read()
    if dataset is None:
        what = "no storm passed within the distance" if name == "storms" else "no reference scene is named"
        return Stream(name, "absent", what, COSTS[name])
    first = next(iter(dataset.data_vars.values()))
    if name == "weather":
        known = np.all([array.notnull().any(("latitude", "longitude")) for array in dataset.values()], axis=0)
        detail = f"{', '.join(map(str, dataset.data_vars))}; known {float(dataset['available_after_h']):g} h later"
        return _timed(name, name, detail, dataset["time"].values, known, now)
    if name in ("weather_forecast", "surge_forecast"):
        return _describe_forecasts(name, dataset, now)
    unobserved = float(first.isnull().mean())
    if name == "storms":
        count = len(set(dataset["storm"].values))
        detail = f"{count} storms; {unobserved:.0%} of fixes without wind"
    elif name == "people":
        detail = f"{float(first.sum()):,.0f} people by a map; it says nothing of {unobserved:.0%} of the cells"
    elif name == "flood_survey":
        detail = f"{int(first.count())} cells seen, {int((first > 0).sum())} of them flooded"
    else:
        detail = f"{', '.join(map(str, dataset.data_vars))}; {unobserved:.0%} of cells not observed"
    if "time" not in dataset.coords:
        return Stream(name, "present", detail, COSTS[name], count=1, gap_share=unobserved)
    times = np.sort(dataset["time"].values)
    spans = tuple((time, time) for time in times)
    longest = float((np.diff(times) / np.timedelta64(1, "h")).max()) if len(times) > 1 else None
    return Stream(
        name,
        "present",
        detail,
        COSTS[name],
        count=len(times),
        gap_share=unobserved,
        longest_gap=None if name == "storms" else longest,
        spans=spans,
        age_days=_days(now - times[-1]),
    )


def _describe_forecasts(name: str, forecast: xr.Dataset, now: np.datetime64) -> Stream:
    """Forecasts as issued; an issue is a moment."""
    issued, lead = forecast["issued"].values, forecast["lead"].values
    given = np.any([array.notnull().any(set(array.dims) - {"issued"}) for array in forecast.values()], axis=0)
    available = forecast["available"].max(set(forecast["available"].dims) - {"issued"}).values
    of = (
        f"of {', '.join(forecast['service'].values)}"
        if "service" in forecast
        else f"members {forecast.sizes['member']}"
    )
    detail = (
        f"{', '.join(map(str, forecast.data_vars))}; {of}, to {lead[-1]:d} h ahead; "
        f"known {np.median((available - issued) / HOUR):g} h after the cycle"
    )
    return Stream(
        name,
        "present",
        detail,
        COSTS[name],
        count=int(given.sum()),
        gap_share=float(1.0 - given.mean()),
        longest_gap=float((np.diff(issued[given]) / HOUR).max()) if given.sum() > 1 else None,
        spans=tuple((time, time) for time in issued[given]),
        age_days=_days(now - available[given][-1]) if given.any() else None,
    )


def _timed(name: str, cost: str, detail: str, time: Times, known: npt.NDArray[np.bool_], now: np.datetime64) -> Stream:
    """A regular series; gaps are counted between the first and the last known value."""
    spans = known_spans(time, known)
    read = coverage(time, known)
    assert read is not None
    step = float((time[1] - time[0]) / np.timedelta64(1, "h")) if time.size > 1 else 0.0
    gaps = [(following[0] - before[1]) / np.timedelta64(1, "h") - step for before, following in pairwise(spans)]
    return Stream(
        name,
        "present",
        detail,
        COSTS[cost],
        count=int(known.sum()),
        gap_share=read.silent_share,
        longest_gap=float(max(gaps, default=0.0)),
        spans=spans,
        age_days=_days(now - spans[-1][1]),
    )


def _describe_terrain(terrain: xr.Dataset) -> Stream:
    elevation, water = terrain["elevation"].values, terrain["permanent_water"].values
    known = ~np.isnan(elevation)
    detail = (
        f"{np.nanmin(elevation):.1f} to {np.nanmax(elevation):.1f} m; "
        f"{np.mean(water[known] == 1):.0%} of known cells are permanent water"
    )
    return Stream(
        "terrain", "present", detail, COSTS["terrain"], count=elevation.size, gap_share=1.0 - float(known.mean())
    )


def _describe_assets(assets: gpd.GeoDataFrame, now: np.datetime64, money: MoneyUnit) -> Stream:
    counted = assets["count"].fillna(1.0) if "count" in assets else np.ones(len(assets))
    with_value = int(assets["value"].notna().sum())
    detail = f"{counted.sum():.0f} surveyed, {assets['value'].sum() / 1e6:,.1f} million {money}"
    if with_value < len(assets):
        detail = f"{counted.sum():.0f} on maps and surveys"
        detail += (
            f", {assets['value'].sum() / 1e6:,.1f} million {money} where it is stated" if with_value else ", no value"
        )
    surveyed = np.datetime64(f"{int(assets['survey_year'].min()):04d}-07-01", "ns")
    return Stream("assets", "present", detail, COSTS["assets"], count=len(assets), age_days=_days(now - surveyed))


def _describe_zones(region: Region, section: ZonesSection) -> Stream:
    zones = read_zones(section, region)
    return Stream("zones", "present", ", ".join(zones["name"]), COSTS["zones"], count=len(zones))


def _absent(name: str) -> Stream:
    return Stream(name, "absent", "not in the region file", COSTS[name])


def _unreadable(name: str, error: InputError, cost: str) -> Stream:
    return Stream(name, "unreadable", str(error), COSTS[cost], fault=(error.where, error.what, error.remedy))


def _days(span: np.timedelta64) -> float:
    return float(span / np.timedelta64(1, "D"))
