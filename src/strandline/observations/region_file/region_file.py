"""The region file: region, data, scenarios, planning limits and held-out windows."""

import re
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, ValidationError, model_validator
from pyproj import CRS, Transformer

from strandline.errors import InputError
from strandline.observations.region import Region
from strandline.observations.region_file.accepted_findings import AcceptedFinding
from strandline.observations.region_file.data_sections import DataSections
from strandline.observations.region_file.planning_section import PlanningSection
from strandline.observations.region_file.prices.money import EUR_2010
from strandline.observations.region_file.scenario_sections import ReturnLevelsSection, ScenariosSection
from strandline.observations.region_file.surveys.flood_survey_section import AnyFloodSurvey
from strandline.observations.region_file.toml_file import describe_errors, first_of, read_toml
from strandline.observations.region_file.values import LEADS_OUT, Crs, Instant, Section, as_datetime64
from strandline.observations.region_file.vertical_datum import DATUM_KEY, RegionDatum, demand_datums
from strandline.observations.region_file.watch.feed_sections import AnyStream
from strandline.observations.region_file.watch.warnings_section import WarningsSection

MOST_PER_AREA = 1e6
"""[EUR 2010 per m2 of floor]"""
Continent = Literal["africa", "asia", "central america", "europe", "north america", "oceania", "south america"]


class RegionSection(Section):
    """Fields of ``strandline.observations.region.Region``; ``country`` is an ISO 3166 alpha-3 code."""

    name: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
    crs: Crs
    bounds: tuple[float, float, float, float]
    cell_size: Annotated[float, Field(ge=0.5, le=50_000)]
    vertical_datum: RegionDatum
    sea_point: tuple[float, float]
    continent: Continent
    country: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None

    @model_validator(mode="after")
    def _sea_within(self) -> "RegionSection":
        (left, bottom, right, top), (x, y) = self.bounds, self.sea_point
        if not (left <= x <= right and bottom <= y <= top):
            raise ValueError(f"sea_point {self.sea_point} is outside the bounds; name a point inside")
        return self

    @model_validator(mode="after")
    def _on_the_map(self) -> "RegionSection":
        crs = CRS.from_user_input(self.crs)
        if crs.is_projected:  # otherwise the region refuses it
            left, bottom, right, top = self.bounds
            to_degrees = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
            if not np.isfinite(to_degrees.transform([left, right, left, right], [bottom, bottom, top, top])).all():
                raise ValueError(f"the bounds {self.bounds} lie nowhere on the map of {self.crs}; check both")
        return self


class SplitSection(Section):
    """Windows ``[start, end]`` excluded from training; a date means its midnight UTC."""

    held_out: tuple[tuple[Instant, Instant], ...] = ()

    @model_validator(mode="after")
    def _forward(self) -> "SplitSection":
        for start, end in self.held_out:
            if end <= start:
                raise ValueError(f"the window {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} is empty; swap its ends")
        return self

    @property
    def windows(self) -> list[tuple[np.datetime64, np.datetime64]]:
        """The held-out windows as UTC ``datetime64[ns]``."""
        return [(as_datetime64(start), as_datetime64(end)) for start, end in self.held_out]


class DistillationSection(Section):
    """What the students learn by: names of `strandline.distillation.adaptation.recipe`."""

    recipe: str = "amortised"
    without: tuple[str, ...] = ()
    alignment: str | None = None


class RegionFile(DataSections):
    """A whole region file, with resolved paths."""

    region_section: RegionSection = Field(alias="region")
    scenarios: ScenariosSection | None = None
    return_levels: ReturnLevelsSection | None = None
    planning: PlanningSection | None = None
    split: SplitSection = SplitSection()
    distillation: DistillationSection = DistillationSection()
    flood_survey: tuple[AnyFloodSurvey, ...] = ()
    stream: tuple[AnyStream, ...] = ()
    warnings: WarningsSection | None = None
    accepted: tuple[AcceptedFinding, ...] = ()

    @model_validator(mode="after")
    def _terrain_of_a_year(self) -> "RegionFile":
        sinks = self.scenarios is not None and self.scenarios.subsidence is not None
        if sinks and self.terrain.year is None:
            raise ValueError(
                "the land sinks, and [terrain] does not say of which year it is; add 'year', the one of its survey"
            )
        return self

    @model_validator(mode="after")
    def _values_in_money(self) -> "RegionFile":
        planning = self.planning or PlanningSection()
        most = MOST_PER_AREA * planning.prices.factor(EUR_2010)
        for assets in self.assets:
            value = assets.value_per_m2
            if value is not None and value > most:
                what = f"[assets] value_per_m2 of {value:g} {planning.money} is more than any building is worth"
                raise ValueError(f"{what}; correct it, {most:.3g} at most")
            has_no_value = value is None and assets.columns.value is None
            if assets.kind == "survey" and has_no_value and planning.preset is None:
                raise ValueError(
                    "[assets] has floor areas and no value of a square metre; add 'value_per_m2', or choose a preset in"
                    " [planning]"
                )
        return self

    @property
    def region(self) -> Region:
        """The region and its grid."""
        settings = self.region_section.model_dump(exclude={"country", "vertical_datum"})
        return Region(**settings, vertical_datum=str(self.region_section.vertical_datum))


def load_region_file(path: Path, data: Path | None = None) -> RegionFile:
    """Read and check a region file.

    Args:
        data: base folder of relative paths; the region file's own folder when ``None``.

    Raises:
        InputError: the first fault, with file, key and remedy.
    """
    region_file, faults = examine_region_file(path, data)
    if faults:
        raise first_of(faults)
    assert region_file is not None
    return region_file


def examine_region_file(path: Path, data: Path | None = None) -> tuple[RegionFile | None, list[InputError]]:
    """Every fault of a region file, and what of it can be used without the sections that have one.

    A region without a sea point or permanent water can be looked at all the same: the middle of its bounds and the
    cells below zero stand in for them, beside the fault. ``None`` where region or terrain cannot be used.

    Raises:
        InputError: it cannot be read as TOML, or ``data`` is no folder.
    """
    raw = read_toml(path)
    if data is not None and not data.is_dir():
        raise InputError(data, "is not a folder", "give --data the folder that the region file's paths start from")
    context = {"data": path.parent if data is None else data}
    faults: list[InputError] = []
    try:
        demand_datums(path, raw)
    except InputError as error:
        faults.append(error)
    region_file: RegionFile | None = None
    try:
        region_file = RegionFile.model_validate(raw, context=context)
    except ValidationError as error:
        found = describe_errors(path, RegionFile, error)
        faults += [each for each in found if not faults or DATUM_KEY not in f"{each.what}{each.remedy}"]
        region_file = _without_faulty(path, raw, error, context, faults)
    if region_file is None:
        return None, faults
    try:
        name = region_file.region.name
    except InputError as error:  # its bounds hold no whole cells, or its CRS is not one of metres
        return None, [*faults, error]
    if not name:
        faults.append(InputError(f"{path} [region.name]", "is empty", "name the region"))
    return region_file, faults


def refuse_paths_outside(path: Path) -> None:
    """Check that every file that a region file names lies in its own folder, links followed; no file is opened.

    Raises:
        InputError: a path leads out of it, or the region file is no TOML.
    """
    context = {"data": path.parent, "within": path.parent}
    try:
        RegionFile.model_validate(read_toml(path), context=context)
    except ValidationError as error:
        outside = [each for each in describe_errors(path, RegionFile, error) if LEADS_OUT in each.what]
        if outside:
            raise first_of(outside) from error


def _without_faulty(
    path: Path, raw: dict[str, Any], error: ValidationError, context: dict[str, Any], faults: list[InputError]
) -> RegionFile | None:
    """A region file without the optional sections that have a fault; nor those that contradict each other.

    Args:
        faults: what this brings to light is added.
    """
    kept = _without_faults(raw, error)
    try:
        return RegionFile.model_validate(kept, context=context)
    except ValidationError as between:
        known = {str(each) for each in faults}
        found = describe_errors(path, RegionFile, between)
        faults += [each for each in found if str(each) not in known]
    named = {name for each in found for name in re.findall(r"\[(\w+)\]", each.what)} - {"region", "terrain"}
    others = {name: table for name, table in kept.items() if name not in named}
    for left in (others, {name: others[name] for name in ("region", "terrain") if name in others}):
        with suppress(ValidationError):
            return RegionFile.model_validate(left, context=context)
    return None


def _without_faults(raw: dict[str, Any], error: ValidationError) -> dict[str, Any]:
    """The tables of a region file without the optional sections that have a fault."""
    wrong = {each["loc"][:2] for each in error.errors() if each["loc"]}
    kept: dict[str, Any] = {}
    for name, table in raw.items():
        faulty = [rest for first, *rest in wrong if first == name]
        if isinstance(table, list):
            kept[name] = [each for number, each in enumerate(table) if [number] not in faulty]
        elif not faulty or name in ("region", "terrain"):
            kept[name] = table
    region = kept.get("region")
    if isinstance(region, dict) and "sea_point" not in region and isinstance(region.get("bounds"), list):
        with suppress(TypeError, ValueError):
            left, bottom, right, top = region["bounds"]
            kept["region"] = {**region, "sea_point": [(left + right) / 2, (bottom + top) / 2]}
    terrain = kept.get("terrain")
    if isinstance(terrain, dict) and "permanent_water" not in terrain:
        kept["terrain"] = {**terrain, "permanent_water": {"below": 0.0}}
    return kept
