"""The figures of the report as data URIs, each in two widths."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import pandas as pd

from strandline.report.alerts.forecast_trace import ForecastTrace
from strandline.report.figures.charts import (
    draw_learning,
    draw_ranked_assets,
    draw_reliability,
    draw_return_levels,
    draw_surge,
)
from strandline.report.figures.driver_maps import map_main_driver
from strandline.report.figures.maps import map_annual, map_each_period, map_epistemic_sd, map_flood
from strandline.report.figures.pathways_map import draw_pathways
from strandline.report.figures.style import NARROW, WIDE, Picture
from strandline.report.figures.time_maps import map_arrival, map_standing
from strandline.report.findings import RunResults
from strandline.risk.hazard.joint.driver_floods import DriverFloods
from strandline.risk.stage_damage.annual_probability import FloodChances


@dataclass(frozen=True)
class Drawing:
    """One picture in two widths as data URIs, with its alternative text and the size of the wide one [px]."""

    wide: str
    narrow: str
    alt: str
    width: int
    height: int


def draw_all(
    results: RunResults, levels: pd.DataFrame, trace: ForecastTrace | None, ranked: pd.DataFrame
) -> Mapping[str, Drawing]:
    """Return every figure by name; a figure without data is missing."""
    hazard, terrain, region = results.hazard, results.observations.terrain, results.hazard.region
    datum, rarest = region.vertical_datum, results.hazard.return_periods[-1]
    probability = hazard.flood_probability
    annual = FloodChances.of(hazard, results.frequent).in_any_year().at_least
    figures: dict[str, Callable[[float], Picture]] = {
        "map": partial(
            map_flood, region, terrain, probability[-1], rarest, results.impact.assets, places=results.place_names
        ),
        "periods": partial(map_each_period, region, terrain, probability, hazard.return_periods),
        "annual": partial(map_annual, region, terrain, annual),
        "epistemic_sd": partial(map_epistemic_sd, region, terrain, hazard.epistemic_sd[-1], rarest),
        "levels": partial(draw_return_levels, levels, results.observed_maxima, results.maxima_per_year, datum),
        "learning": partial(draw_learning, results.learning),
    }
    if results.flood_times is not None:
        figures["arrival"] = partial(map_arrival, region, terrain, results.flood_times)
        figures["standing"] = partial(map_standing, region, terrain, results.flood_times)
    if trace is not None:
        figures["surge"] = partial(draw_surge, trace, _observed_levels(results), datum)
    if len(ranked):
        figures["assets"] = partial(
            draw_ranked_assets, ranked, [str(name) for name in ranked["name"]], results.plan.money
        )
    if isinstance(results.by_driver, DriverFloods):
        figures["all_drivers"] = partial(map_annual, region, terrain, results.by_driver.chance)
        figures["main_driver"] = partial(map_main_driver, region, terrain, results.by_driver)
    if results.plan.pathways is not None:
        figures["pathways"] = partial(draw_pathways, results.plan.pathways)
    if results.reliability is not None:
        figures["reliability"] = partial(draw_reliability, results.reliability)
    return {name: _draw_both_widths(draw) for name, draw in figures.items()}


def _draw_both_widths(draw: Callable[[float], Picture]) -> Drawing:
    wide, narrow = draw(WIDE), draw(NARROW)
    width, height = wide.size
    return Drawing(_data_uri(wide.svg), _data_uri(narrow.svg), wide.alt, width, height)


def _data_uri(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode("utf-8")).decode("ascii")


def _observed_levels(results: RunResults) -> "pd.Series[float]":
    """Return the observed levels [m] of the region's own gauge by time; empty without a gauge."""
    gauge = results.observations.tide_gauge
    if gauge is None:
        return pd.Series(dtype=float, index=pd.DatetimeIndex([]))
    level = gauge["water_level"].isel(station=0)
    return pd.Series(level.to_numpy(), index=pd.DatetimeIndex(gauge["time"].to_numpy()))
