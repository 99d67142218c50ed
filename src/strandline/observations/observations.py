"""All data sets of a region. A modality that was not observed is ``None``, never zeros."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from strandline.errors import InputError
from strandline.observations.arrays import Times
from strandline.observations.checks.findings import Finding
from strandline.observations.exposure.assets import ASSET_CLASSES, ASSET_COLUMNS, no_survey
from strandline.observations.fetch.credits.data_files import DataFile
from strandline.observations.region import Region
from strandline.observations.variables import check_variables
from strandline.observations.weather.storm_waves import StormWaves

ProvenanceKind = Literal["simulated", "real"]


@dataclass(frozen=True)
class Provenance:
    """Origin of a modality; the report states it."""

    kind: ProvenanceKind
    source: str
    licence: str = "not stated"


@dataclass(frozen=True)
class Modality:
    """Layout of a data set, and what a region does without it.

    Attributes:
        required, optional: variable → dimensions.
        coordinates: all of them required.
        on_region_grid: whether ``y`` and ``x`` are the region's rows and columns.
        cost_of_absence: one sentence for ``strandline check``; empty where a region file cannot name the modality.
    """

    required: Mapping[str, tuple[str, ...]]
    optional: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    coordinates: tuple[str, ...] = ()
    on_region_grid: bool = False
    cost_of_absence: str = ""


_MAP, _SCENES = ("y", "x"), ("scene", "y", "x")
MODALITIES: dict[str, Modality] = {
    "terrain": Modality(
        {"elevation": _MAP, "permanent_water": _MAP},
        {"elevation_error": _MAP, "roughness": _MAP},
        ("y", "x"),
        on_region_grid=True,
        cost_of_absence="the region cannot be run, since nothing can be mapped",
    ),
    "sar": Modality(
        {"vv": _SCENES},
        {"vh": _SCENES},
        ("scene", "y", "x", "time"),
        on_region_grid=True,
        cost_of_absence="floods under cloud are not observed, and the teacher's maps rest on simulation alone",
    ),
    "sar_reference": Modality(
        {"vv": _MAP},
        {"vh": _MAP},
        ("y", "x"),
        on_region_grid=True,
        cost_of_absence="no change detection, so that permanent water and flood look alike in radar",
    ),
    "optical": Modality(
        {"green": _SCENES, "near_infrared": _SCENES},
        {"shortwave_infrared": _SCENES},
        ("scene", "y", "x", "time"),
        cost_of_absence="no land cover for the student, whose flood maps rest on terrain and gauges",
    ),
    "tide_gauge": Modality(
        {"water_level": ("station", "time"), "quality": ("station", "time")},
        {},
        ("station", "time", "longitude", "latitude", "mean_sea_level"),
        cost_of_absence="sea and storms are assumed, return levels those of other coasts, and no forecast is verified",
    ),
    "weather": Modality(
        {},
        dict.fromkeys(("pressure", "wind_east", "wind_north", "rain", "sea_level"), ("time", "latitude", "longitude")),
        ("time", "latitude", "longitude", "available_after_h"),
        cost_of_absence="how the gauge answers the wind is not learned: the sea is forecast from readings alone",
    ),
    "weather_forecast": Modality(
        {},
        dict.fromkeys(
            ("pressure", "wind_east", "wind_north", "rain"), ("issued", "lead", "member", "latitude", "longitude")
        ),
        ("issued", "lead", "member", "latitude", "longitude", "available"),
        cost_of_absence="no forecast of wind and pressure, so that the sea is forecast from its own readings alone",
    ),
    "surge_forecast": Modality(
        {},
        dict.fromkeys(("water_level_forecast", "surge_forecast", "forecast_spread"), ("service", "issued", "lead")),
        ("service", "issued", "lead", "available"),
        cost_of_absence="no operational forecast of the sea is corrected, so that the place's own stands alone",
    ),
    "storms": Modality(
        {"maximum_wind": ("fix",)},
        {"central_pressure": ("fix",), "radius_of_maximum_wind": ("fix",)},
        ("fix", "storm", "time", "longitude", "latitude"),
        cost_of_absence="no cyclone tracks, so that all storms are one population and rare levels may be too low",
    ),
    "river": Modality(
        {},
        dict.fromkeys(("discharge", "stage"), ("river", "time")),
        ("river", "time", "longitude", "latitude", "available_after_h"),
        cost_of_absence="a flood from upstream counts as one of the sea, and is not seen coming",
    ),
    "in_situ": Modality({"flood_depth": ("scene", "point")}, {}, ("scene", "point", "time", "x", "y")),
    "flood_survey": Modality(
        {"flood_depth": _SCENES},
        {},
        ("scene", "y", "x", "time"),
        on_region_grid=True,
        cost_of_absence="no flood map of this place is compared with a flood that people saw",
    ),
    "people": Modality(
        {"people": _MAP},
        {},
        ("y", "x"),
        on_region_grid=True,
        cost_of_absence="where no survey counts people, how many are in danger stays unknown",
    ),
}


@dataclass(frozen=True, eq=False)
class Observations:
    """All data of a region, checked at construction.

    Datasets follow ``MODALITIES`` and carry the SI units of ``VARIABLES``. NaN inside a dataset = not observed there
    (cloud, gap, swath edge). Times are UTC ``datetime64[ns]``, strictly increasing along ``time``.

    Attributes:
        terrain: the elevation *product* (with its errors) and permanent water; NaN elevation = outside the survey.
        tide_gauge: hourly; station 0 is the region's own gauge, the others are neighbours. ``mean_sea_level`` (station)
            is the level [m] about which the tide swings.
        sar, sar_reference: radar scenes and their dry-season mean.
        optical: on its own grid (coarser y and x); NaN = cloud.
        weather: analyses or readings, every 6 h or oftener, on a coarse longitude-latitude grid. The coordinate
            ``available_after_h`` [h] is how long after its time a value could be had.
        weather_forecast: as issued: ``issued`` is the model's cycle, ``available`` (issued) when it could be had,
            ``lead`` [h], ``member`` 0 = control or deterministic.
        surge_forecast: levels or surges of operational services, as issued: ``available`` (service, issued) is when a
            cycle could be had, ``lead`` [h]; NaN = not forecast.
        storms: cyclone fixes, one a row, named by coordinate ``storm``.
        river: discharge, or levels above the zero of a gauge, of rivers where they enter the region, at the full hours
            of readings: NaN = none at that hour. The coordinate ``available_after_h`` (river) [h] is how long after
            its hour a value could be had.
        in_situ: depths at loggers in the floodplain (x, y [m]) at scene times.
        flood_survey: the few labelled maps: greatest depth of the event around ``time``; NaN = not surveyed.
        people: who lives in each cell by a map of people, moved to where homes are known; NaN = the map says nothing.
        assets: GeoDataFrame in the region's CRS with ``ASSET_COLUMNS`` and any of ``ASSET_DETAILS`` and
            ``MAP_DETAILS``; ``value`` [money of the plan], NaN = unknown.
        truth: simulated coasts only, for scoring: ``flood_depth`` (scene, y, x), ``water_level`` and ``surge`` (hour),
            and ``damage_state`` (scene, asset). Local training never reads it.
        provenance: modality → origin.
        waves: in storms; ``None`` = not known, and in no flood.
        findings: what their readers found doubtful.
        files: that were read, and whose they are.
    """

    region: Region
    terrain: xr.Dataset
    provenance: Mapping[str, Provenance]
    tide_gauge: xr.Dataset | None = None
    sar: xr.Dataset | None = None
    sar_reference: xr.Dataset | None = None
    optical: xr.Dataset | None = None
    weather: xr.Dataset | None = None
    weather_forecast: xr.Dataset | None = None
    surge_forecast: xr.Dataset | None = None
    storms: xr.Dataset | None = None
    river: xr.Dataset | None = None
    in_situ: xr.Dataset | None = None
    flood_survey: xr.Dataset | None = None
    people: xr.Dataset | None = None
    assets: gpd.GeoDataFrame | None = None
    truth: xr.Dataset | None = None
    waves: StormWaves | None = None
    findings: tuple[Finding, ...] = ()
    files: tuple[DataFile, ...] = ()

    def __post_init__(self) -> None:
        for name, dataset in self.modalities().items():
            check_layout(name, dataset)
            if name not in self.provenance:
                raise InputError(name, "has no provenance", "state its source")
        for name, dataset in self.modalities().items():
            shape = (dataset.sizes.get("y"), dataset.sizes.get("x"))
            if MODALITIES[name].on_region_grid and shape != self.region.shape:
                raise InputError(name, f"has shape {shape}", f"regrid it to the region's {self.region.shape}")
        if np.isnan(self.terrain["elevation"].values).all():
            raise InputError("terrain", "has no known elevation", "give a raster that covers the region")
        if self.assets is not None:
            missing = [column for column in ASSET_COLUMNS if column not in self.assets.columns]
            if missing:
                raise InputError("assets", f"columns {missing} are missing", f"needed: {', '.join(ASSET_COLUMNS)}")
            if self.assets.crs is None or self.assets.crs != self.region.crs:
                raise InputError("assets", f"are in {self.assets.crs}", f"reproject them to {self.region.crs}")
            unknown = sorted(set(self.assets["asset_class"]) - set(ASSET_CLASSES))
            if unknown:
                raise InputError("assets", f"unknown classes {unknown}", f"known: {', '.join(ASSET_CLASSES)}")

    def modalities(self) -> dict[str, xr.Dataset]:
        """The datasets that were observed, by name, without assets and truth."""
        present = {name: getattr(self, name) for name in MODALITIES}
        return {name: dataset for name, dataset in present.items() if dataset is not None}

    def require(self, name: str) -> xr.Dataset:
        """The dataset of one of ``MODALITIES``, or ``truth``.

        Raises:
            InputError: the modality was not observed.
        """
        dataset: xr.Dataset | None = getattr(self, name)
        if dataset is None:
            raise self._not_observed(name)
        return dataset

    def require_gauge(self) -> xr.Dataset:
        """The tide gauges.

        Raises:
            InputError: there is none.
        """
        return self.require("tide_gauge")

    def require_assets(self) -> gpd.GeoDataFrame:
        """The assets.

        Raises:
            InputError: there is no survey.
        """
        if self.assets is None:
            raise self._not_observed("assets")
        return self.assets

    @property
    def mapped_people(self) -> xr.DataArray | None:
        """(y, x) people by a map of them; ``None`` without one."""
        return None if self.people is None else self.people["people"]

    @property
    def has_survey(self) -> bool:
        """Whether any asset was surveyed, and is not shown by a map alone."""
        assets = self.assets
        return assets is not None and not ("is_mapped" in assets and bool(assets["is_mapped"].all()))

    @property
    def surveyed_assets(self) -> gpd.GeoDataFrame:
        """The assets; none where there is no survey."""
        return no_survey(self.region.crs) if self.assets is None else self.assets

    def _not_observed(self, name: str) -> InputError:
        remedy = "simulate a coast" if name == "truth" else f"add '{name}' to its region file"
        return InputError(f"region '{self.region.name}'", f"'{name}' was not observed", remedy)

    def without(self, *names: str) -> Self:
        """A copy without these modalities."""
        absent: dict[str, Any] = dict.fromkeys(names)
        return replace(self, **absent)


def check_layout(name: str, dataset: xr.Dataset) -> None:
    """Check that a dataset follows its modality's layout, units and ranges.

    Raises:
        InputError: with the modality, the variable and what is expected.
    """
    modality = MODALITIES[name]
    known = {**modality.required, **modality.optional}
    for variable, dims in modality.required.items():
        if variable not in dataset:
            raise InputError(name, f"variable '{variable}' is missing", f"it needs dimensions {dims}")
    for key, array in dataset.data_vars.items():
        variable = str(key)
        expected = known.get(variable)
        if expected is None:
            raise InputError(
                name, f"variable '{variable}' is not part of this modality", f"known: {', '.join(sorted(known))}"
            )
        if array.dims != expected:
            raise InputError(name, f"'{variable}' has dimensions {array.dims}", f"transpose it to {expected}")
    for coordinate in modality.coordinates:
        if coordinate not in dataset.coords:
            raise InputError(
                name, f"coordinate '{coordinate}' is missing", f"needed: {', '.join(modality.coordinates)}"
            )
    if "time" in dataset.coords and name != "storms":
        _check_ascending(name, "time", dataset["time"].values)
    if name == "weather":
        _check_delay(dataset["available_after_h"].values)
    if name in ("weather_forecast", "surge_forecast"):
        _check_issues(name, dataset)
    check_variables(dataset, name)


def _check_ascending(name: str, axis: str, time: Times) -> None:
    _check_times(name, axis, time)
    backwards = np.flatnonzero(np.diff(time) <= np.timedelta64(0))
    if backwards.size:
        before, after = (pd.Timestamp(time[backwards[0] + step]) for step in (0, 1))
        raise InputError(name, f"{axis} {after} does not come after {before}", "sort the times and drop repeats")


def _check_times(name: str, axis: str, time: Times) -> None:
    if not np.issubdtype(time.dtype, np.datetime64) or np.isnat(time).any():
        raise InputError(name, f"'{axis}' holds values that are not times", "give UTC datetime64 without gaps")


def _check_delay(hours: npt.NDArray) -> None:
    if hours.shape != () or not (np.isfinite(hours) and hours >= 0):
        what = f"'available_after_h' is {hours}"
        raise InputError("weather", what, "give the hours from a value's time until it can be had, 0 or more")


def _check_issues(name: str, forecast: xr.Dataset) -> None:
    """Check the axes of issued forecasts: nothing is available before it was issued."""
    issued, available = forecast["issued"].values, forecast["available"].values
    _check_ascending(name, "issued", issued)
    _check_times(name, "available", available)
    if available.shape[-1:] != issued.shape:
        raise InputError(name, f"'available' has shape {available.shape}", "give one time for each issue")
    early = np.argwhere(available < issued)
    if early.size:
        issue, moment = str(issued[early[0, -1]])[:16], str(available[tuple(early[0])])[:16]
        raise InputError(
            name, f"the cycle of {issue} is available at {moment}, before it", "state when it could be had, in UTC"
        )
    lead = forecast["lead"].values
    if not np.issubdtype(lead.dtype, np.integer) or (lead < 0).any() or (np.diff(lead) <= 0).any():
        raise InputError(name, f"leads are {lead}", "give whole hours from 0 on, ascending")
