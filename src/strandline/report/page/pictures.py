"""The figures of the report as data URIs, each in two widths."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from strandline.report.alerts.forecast_trace import ForecastTrace
from strandline.report.figures.charts import (
    draw_learning,
    draw_ranked_assets,
    draw_reliability,
    draw_return_levels,
    draw_surge,
)
from strandline.report.figures.maps import map_each_period, map_epistemic_sd, map_flood
from strandline.report.figures.pathways_map import draw_pathways
from strandline.report.figures.style import NARROW, WIDE, Picture
from strandline.report.findings import RunResults


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
    drawings = {
        "map": _draw_both_widths(
            lambda width: map_flood(region, terrain, hazard.flood_probability[-1], rarest, results.impact.assets, width)
        ),
        "periods": _draw_both_widths(
            lambda width: map_each_period(region, terrain, hazard.flood_probability, hazard.return_periods, width)
        ),
        "epistemic_sd": _draw_both_widths(
            lambda width: map_epistemic_sd(region, terrain, hazard.epistemic_sd[-1], rarest, width)
        ),
        "levels": _draw_both_widths(
            lambda width: draw_return_levels(levels, results.observed_maxima, results.maxima_per_year, datum, width)
        ),
        "learning": _draw_both_widths(lambda width: draw_learning(results.learning, width)),
    }
    if trace is not None:
        drawings["surge"] = _draw_both_widths(
            lambda width: draw_surge(trace, _observed_levels(results), datum, width=width)
        )
    if len(ranked):
        names = [str(name) for name in ranked["asset_id"]]
        drawings["assets"] = _draw_both_widths(lambda width: draw_ranked_assets(ranked, names, width))
    pathways = results.plan.pathways
    if pathways is not None:
        drawings["pathways"] = _draw_both_widths(lambda width: draw_pathways(pathways, width))
    reliability = results.reliability
    if reliability is not None:
        drawings["reliability"] = _draw_both_widths(lambda width: draw_reliability(reliability, width))
    return drawings


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
