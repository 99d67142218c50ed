"""The sections on scenarios: sea level, land, and what is mapped."""

from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from strandline.observations.region_file.data_sections import LevelUnit
from strandline.observations.region_file.values import Band, DataPath, DataPaths, ObservationYear, Section, Sourced
from strandline.observations.region_file.vertical_datum import Heights
from strandline.observations.sea_level.projections import LAST_YEAR, global_projections

FASTEST_RISE, FASTEST_SINKING = -50.0, 370.0
"""[mm a-1] Rates of land beyond which a unit is wrong. Land sinks at most two orders of magnitude faster than the
global sea rises (Shirzaei et al. 2021, Nature Reviews Earth & Environment 2, 40-58); the limit of uplift is an
assumption."""
SLOWEST = 0.1
"""[mm a-1] Rates, other than zero, below which a unit is wrong: none so small is measured."""


def check_rate(rate: float) -> float:
    """A rate of subsidence [mm a-1].

    Raises:
        ValueError: no land moves so, or none is measured to.
    """
    if not FASTEST_RISE <= rate <= FASTEST_SINKING:
        raise ValueError(
            f"no land sinks by {rate:g} mm a year; rates are millimetres a year, positive where the land sinks"
        )
    return rate


def check_rates(low: float, median: float, high: float) -> None:
    """Bounds of a rate of subsidence [mm a-1].

    Raises:
        ValueError: they do not ascend, or look like metres a year.
    """
    if not low <= median <= high:
        raise ValueError(f"the rates {low:g}, {median:g}, {high:g} do not ascend; give low, likeliest and high")
    largest = float(np.abs([low, median, high]).max())
    if 0.0 < largest < SLOWEST:
        raise ValueError(
            f"a rate of {largest:g} mm a year is less than can be measured; if these are metres a year, multiply by"
            " 1000"
        )


Rate = Annotated[float, AfterValidator(check_rate)]
"""Of subsidence [mm a-1]; positive where land sinks."""


class RateColumns(Section):
    """Columns of polygons that hold the rate of subsidence [mm a-1]: 5, 50 and 95 %."""

    low: str
    median: str
    high: str


class SubsidenceSection(Sourced):
    """How fast the land sinks [mm a-1]: one rate for the region, polygons with ``columns``, or a raster.

    Attributes:
        rate: low, likeliest and high (5, 50 and 95 %) for the whole region.
        path: of polygons or a raster, in the place of ``rate``.
        columns: of the polygons.
        band: of the raster.
        uncertainty: of the raster: half the range from 5 to 95 % [mm a-1].
        at_gauge: of the ground that carries the own gauge, such as a deep foundation; else that of its cell.
        source: of the rates.
    """

    source: Annotated[str, Field(min_length=3)]
    rate: tuple[Rate, Rate, Rate] | None = None
    path: DataPath | None = None
    columns: RateColumns | None = None
    band: Band = 1
    uncertainty: Annotated[float, Field(ge=0, le=100)] | None = None
    at_gauge: Rate | None = None

    @model_validator(mode="after")
    def _one_form(self) -> "SubsidenceSection":
        if (self.rate is None) == (self.path is None):
            raise ValueError("give either 'rate' = [low, likeliest, high] or 'path', not both and not neither")
        if self.rate is not None:
            check_rates(*self.rate)
        elif (self.columns is None) == (self.uncertainty is None):
            raise ValueError(
                "bounds are missing, or stated twice; give 'columns' = { low, median, high } of polygons, or"
                " 'uncertainty' [mm a-1] of a raster"
            )
        if self.rate is not None and (self.columns is not None or self.uncertainty is not None):
            raise ValueError("'rate' has bounds of its own; leave 'columns' and 'uncertainty' out")
        return self


class ProjectionsSection(Sourced):
    """Projections of sea level at this coast, in the place of the IPCC's global mean.

    Attributes:
        paths: ``ar6_netcdf``: one file a scenario and confidence, as the IPCC distributes them, their names unchanged;
            ``ar6_csv``: the sheet "Total" of NASA's projection tool, as CSV; ``table``: columns scenario, year, low,
            median, high (17, 50 and 83 %).
        land_motion: whether the rise is that against the land, or the sea's alone (``novlm`` of the IPCC's files).
        location: number of the place in the IPCC's files; the one nearest to the own gauge when ``None``.
        unit: of a table.
        reference_years: of a table: first and last year of the period above whose mean the rise counts.
    """

    source: Annotated[str, Field(min_length=3)]
    paths: DataPaths
    format: Literal["ar6_netcdf", "ar6_csv", "table"]
    land_motion: Literal["included", "excluded"]
    location: int | None = None
    unit: LevelUnit | None = None
    reference_years: tuple[int, int] | None = None

    @model_validator(mode="after")
    def _stated(self) -> "ProjectionsSection":
        is_table = self.format == "table"
        for key in ("unit", "reference_years"):
            if (getattr(self, key) is not None) != is_table:
                raise ValueError(
                    f"a table does not state its {key}; add '{key}'"
                    if is_table
                    else f"format '{self.format}' states its {key}; leave '{key}' out"
                )
        if self.reference_years is not None and not 1900 <= self.reference_years[0] <= self.reference_years[1] <= 2025:
            raise ValueError(f"reference_years {list(self.reference_years)} are no past period; write [first, last]")
        if self.format != "ar6_netcdf":
            if self.location is not None:
                raise ValueError("'location' belongs to format 'ar6_netcdf'; leave it out")
            if len(self.paths) > 1:
                raise ValueError("give one file; it holds every scenario")
        return self


class SeaLevelRise(Section):
    """A sea level for which the hazard is mapped.

    Either ``rise`` [m] above the sea against the land of the baseline year, with ``name`` and ``source``; or the median
    of a projection, ``scenario`` (such as SSP2-4.5), in ``year``, with the subsidence until then.
    """

    name: str | None = None
    rise: Annotated[float, Field(ge=-5, le=20)] | None = None
    source: str | None = None
    scenario: str | None = None
    year: Annotated[int, Field(ge=2006, le=LAST_YEAR)] | None = None

    @model_validator(mode="after")
    def _either(self) -> "SeaLevelRise":
        keys = ("name", "rise", "source") if self.scenario is None and self.year is None else ("scenario", "year")
        missing = [key for key in keys if getattr(self, key) is None]
        if missing:
            raise ValueError(
                f"{' and '.join(missing)} is missing; give 'scenario' and 'year', or 'name', 'rise' and 'source'"
            )
        if keys[0] == "scenario" and self.rise is not None:
            raise ValueError("a stated 'rise' has no 'scenario' and 'year'; keep one or the other")
        return self


ReturnPeriod = Annotated[float, Field(gt=1, le=100_000)]
"""[years]"""


class ReturnLevelsSection(Sourced, Heights):
    """A published list of return levels, in the place of those of the own gauge.

    Attributes:
        source: of the list.
        periods: ascending [years]; ``levels``: one for each, ascending.
        low, high: bounds of each level; both or neither.
        chance: that a level lies between its bounds [-].
        unit: of levels and bounds.
        epoch: year of whose sea they are; the baseline year's when ``None``.
    """

    source: Annotated[str, Field(min_length=3)]
    periods: Annotated[tuple[Annotated[float, Field(gt=1, le=1e5)], ...], Field(min_length=2)]
    levels: tuple[float, ...]
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None
    chance: Annotated[float, Field(ge=0.5, le=0.99)] = 0.9
    unit: LevelUnit = "m"
    epoch: ObservationYear | None = None

    @model_validator(mode="after")
    def _matched(self) -> "ReturnLevelsSection":
        if (self.low is None) != (self.high is None):
            raise ValueError("'low' and 'high' belong together; give both or neither")
        count = len(self.periods)
        low, high = self.low or self.levels, self.high or self.levels
        if {len(self.levels), len(low), len(high)} != {count}:
            raise ValueError(f"there are {count} periods; give as many levels and bounds")
        if (np.diff(self.periods) <= 0).any() or (np.diff(self.levels) < 0).any():
            raise ValueError("periods and levels do not ascend; a rarer level is not lower")
        if not all(least <= level <= most for least, level, most in zip(low, self.levels, high, strict=True)):
            raise ValueError("a level lies outside its bounds; check 'low' and 'high'")
        return self


class ScenariosSection(Section):
    """Return periods [years, ascending] and sea levels of the hazard maps, and what sea and land will do.

    Attributes:
        baseline_year: whose sea and land are "today" in every number; the year of the run when ``None``.
    """

    return_periods: Annotated[tuple[ReturnPeriod, ...], Field(min_length=1, max_length=30)]
    sea_level_rise: tuple[SeaLevelRise, ...] = ()
    baseline_year: Annotated[int, Field(ge=2006, le=2050)] | None = None
    projections: ProjectionsSection | None = None
    subsidence: SubsidenceSection | None = None

    @model_validator(mode="after")
    def _ascending(self) -> "ScenariosSection":
        if any(b <= a for a, b in zip(self.return_periods, self.return_periods[1:], strict=False)):
            raise ValueError(f"return_periods {self.return_periods} are not ascending; sort them, each once")
        return self

    @model_validator(mode="after")
    def _land_sinks_once(self) -> "ScenariosSection":
        projections = self.projections
        if self.subsidence is not None and projections is not None and projections.land_motion == "included":
            raise ValueError(
                "subsidence and projections that include land motion would sink the land twice; give projections"
                " without it ('novlm' of the IPCC's files), or leave [scenarios.subsidence] out"
            )
        return self

    @model_validator(mode="after")
    def _known_scenarios(self) -> "ScenariosSection":
        known = [each.name for each in global_projections()]
        for each in self.sea_level_rise:
            if self.projections is None and each.scenario is not None and each.scenario not in known:
                raise ValueError(
                    f"no rise is known for scenario {each.scenario}; choose one of {', '.join(known)}, or give"
                    " [scenarios.projections]"
                )
            if each.year is not None and self.baseline_year is not None and each.year <= self.baseline_year:
                raise ValueError(f"the year {each.year} is not after the baseline year {self.baseline_year}")
        return self
