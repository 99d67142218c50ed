"""What the data of each stream shows, as a line of the inventory."""

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import xarray as xr

from strandline.observations.checks.inventory.stream import COSTS, HOUR, Stream, days_of
from strandline.observations.checks.published import Published
from strandline.observations.checks.quality import FLAG_NAMES, MISSING
from strandline.observations.readers.exposure.place_names import read_place_names
from strandline.observations.readers.zones import read_zones
from strandline.observations.region import Region
from strandline.observations.region_file.data_sections import ZonesSection
from strandline.observations.region_file.prices.money import MoneyUnit
from strandline.observations.region_file.scenario_sections import ReturnLevelsSection
from strandline.observations.region_file.surveys.exposure_sections import PlaceNamesSection
from strandline.observations.weather.known_rivers import between_readings, river_readings

MOST_NAMED = 8
"""Places that a line names."""


def describe_terrain(terrain: xr.Dataset) -> Stream:
    """Its heights, and how much of it is water."""
    elevation, water = terrain["elevation"].values, terrain["permanent_water"].values
    known = ~np.isnan(elevation)
    detail = (
        f"{np.nanmin(elevation):.1f} to {np.nanmax(elevation):.1f} m; "
        f"{np.mean(water[known] == 1):.0%} of known cells are permanent water"
    )
    return Stream(
        "terrain", "present", detail, COSTS["terrain"], count=elevation.size, gap_share=1.0 - float(known.mean())
    )


def describe_gauge(name: str, cost: str, now: np.datetime64, dataset: xr.Dataset) -> Stream:
    """The levels of one gauge and the flags of its hours; ``cost`` is its key in `COSTS`."""
    quality = dataset["quality"].values[0]
    found = [
        f"{int((quality & flag > 0).sum())} h {flag_name}" for flag, flag_name in FLAG_NAMES.items() if flag != MISSING
    ]
    level = dataset["water_level"].values[0]
    detail = (
        f"{np.nanmin(level):.2f} to {np.nanmax(level):.2f} m, mean sea level "
        f"{float(dataset['mean_sea_level'][0]):.2f} m; {', '.join(found)}"
    )
    return Stream.regular(name, cost, detail, dataset["time"].values, ~np.isnan(level), now)


def describe_tides(published: Published) -> Stream:
    """The tide, published or to be fitted."""
    constants = published.constants
    if constants is None:
        return Stream("tides", "present", "fitted to the record outside the held-out windows", COSTS["tides"])
    greatest = sorted(constants.amplitude.items(), key=lambda item: -item[1])[:4]
    detail = "published constants: " + ", ".join(f"{name} {metres:.2f} m" for name, metres in greatest)
    return Stream("tides", "present", detail, COSTS["tides"], count=len(constants.amplitude))


def describe_extremes(now: np.datetime64, published: Published) -> Stream:
    """Published annual maxima."""
    assert published.maxima is not None
    years, levels = published.maxima.years, published.maxima.levels
    detail = f"annual maxima {years.min():.0f}-{years.max():.0f}, {levels.min():.2f} to {levels.max():.2f} m"
    end = np.datetime64(f"{int(years.max()):04d}-12-31", "ns")
    return Stream("extremes", "present", detail, COSTS["extremes"], count=int(years.size), age_days=days_of(now - end))


def describe_scenarios(published: Published) -> Stream:
    """Projections of the sea at this coast, and how the land sinks."""
    projections, land, parts = published.projections, published.subsidence, []
    if projections is not None:
        parts.append("projections " + ", ".join(each.name for each in projections))
    if land is not None:
        rates = 1000 * land.median
        parts.append(f"land sinks by {rates.min():.3g} to {rates.max():.3g} mm a year, likeliest values")
    return Stream("scenarios", "present", "; ".join(parts), COSTS["scenarios"])


def describe_return_levels(section: ReturnLevelsSection) -> Stream:
    """A published list of return levels."""
    periods, levels = section.periods, section.levels
    doubt = "" if section.low is None else f", with bounds of {section.chance:.0%} chance"
    detail = (
        f"published levels of {periods[0]:g} to {periods[-1]:g} years, {levels[0]:.2f} to {levels[-1]:.2f}"
        f" {section.unit}{doubt}"
    )
    return Stream("return_levels", "present", detail, COSTS["return_levels"], count=len(periods))


def describe_modality(name: str, now: np.datetime64, dataset: xr.Dataset | None) -> Stream:
    """A modality other than terrain and gauges."""
    if dataset is None:
        what = "no storm passed within the distance" if name == "storms" else "no reference scene is named"
        return Stream(name, "absent", what, COSTS[name])
    first = next(iter(dataset.data_vars.values()))
    if name == "weather":
        known = np.all([array.notnull().any(("latitude", "longitude")) for array in dataset.values()], axis=0)
        detail = f"{', '.join(map(str, dataset.data_vars))}; known {float(dataset['available_after_h']):g} h later"
        return Stream.regular(name, name, detail, dataset["time"].values, known, now)
    if name == "river":
        readings, is_stage = river_readings(dataset)
        known = np.array(np.all([np.isfinite(between_readings(row)) for row in readings], axis=0))
        names, delays = dataset["river"].values.tolist(), dataset["available_after_h"].values
        detail = "; ".join(
            f"{name}: {np.nanmin(row):.3g} to {np.nanmax(row):.3g} {'m' if level else 'm³/s'}, known {delay:g} h later"
            for name, row, level, delay in zip(names, readings, is_stage.tolist(), delays, strict=True)
        )
        return Stream.regular(name, name, detail, dataset["time"].values, known, now)
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
    longest = float((np.diff(times) / HOUR).max()) if len(times) > 1 else None
    return Stream(
        name,
        "present",
        detail,
        COSTS[name],
        count=len(times),
        gap_share=unobserved,
        longest_gap=None if name == "storms" else longest,
        spans=spans,
        age_days=days_of(now - times[-1]),
    )


def read_and_describe(name: str, now: np.datetime64, read: Callable[[], xr.Dataset | None]) -> Stream:
    """The same, where the data itself is not wanted: in another process it stays there."""
    return describe_modality(name, now, read())


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
        age_days=days_of(now - available[given][-1]) if given.any() else None,
    )


def describe_assets(assets: gpd.GeoDataFrame, now: np.datetime64, money: MoneyUnit) -> Stream:
    """How many assets there are, and what they are worth."""
    counted = assets["count"].fillna(1.0) if "count" in assets else np.ones(len(assets))
    with_value = int(assets["value"].notna().sum())
    detail = f"{counted.sum():.0f} surveyed, {assets['value'].sum() / 1e6:,.1f} million {money}"
    if with_value < len(assets):
        detail = f"{counted.sum():.0f} on maps and surveys"
        detail += (
            f", {assets['value'].sum() / 1e6:,.1f} million {money} where it is stated" if with_value else ", no value"
        )
    surveyed = np.datetime64(f"{int(assets['survey_year'].min()):04d}-07-01", "ns")
    return Stream("assets", "present", detail, COSTS["assets"], count=len(assets), age_days=days_of(now - surveyed))


def describe_zones(section: ZonesSection, region: Region) -> Stream:
    """The names of the zones, read where this is called."""
    zones = read_zones(section, region)
    return Stream("zones", "present", ", ".join(zones["name"]), COSTS["zones"], count=len(zones))


def describe_place_names(section: PlaceNamesSection, region: Region) -> Stream:
    """The largest places, read where this is called."""
    names = read_place_names(section, region)["name"]
    detail = ", ".join(names[:MOST_NAMED]) + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")
    return Stream("place_names", "present", detail or "none in the region", COSTS["place_names"], count=len(names))
