"""The report as one HTML file that works without a network."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from strandline.planning import formatting as words
from strandline.planning.formatting import format_expression
from strandline.report.alerts.forecast_trace import ForecastTrace, forecast_of_the_peak
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
from strandline.report.page.narrative import (
    damage_table,
    flooded_land,
    headline_tiles,
    information_sentences,
    provenance_label,
    lead_paragraph,
    skill_sentences,
    people_sentences,
    ranked_assets,
    missing_data_sentences,
    source_rows,
    outdated_survey_sentences,
    unknown_assets,
)
from strandline.report.plan.futures_table import summarise_by_sea_level
from strandline.report.plan.proposal import describe_measure_set, source_sentences, format_tipping_point, signpost_table, titles
from strandline.report.products import return_levels

MAX_RANKED_ASSETS = 12
LIMITS = (
    "A depth is the greatest depth of still water during one event. Depths below 0.15 m do not count as a flood.",
    "Flood maps come from a learnt model driven by synthetic storms. It has seen few floods here.",
    "Where no flood survey reaches, a map's chances are as sure as the teacher, which can be too sure of a place that "
    "it never saw.",
    "Sea levels rarer than the record is long are extrapolated. Their range holds the doubt of the fit, not a changing "
    "climate.",
    "Damage follows depth–damage curves of a whole continent (Huizinga et al. 2017). They describe classes of "
    "buildings, not any one building.",
    "Elevation products err by a metre and more on low coasts, most under trees. Where they err, the map errs.",
    "A person must confirm every alert. Nothing here has been sent to anyone.",
)


@dataclass(frozen=True)
class Drawing:
    """One picture in two widths as data URIs, with its words and its size on a desk [px]."""

    wide: str
    narrow: str
    alt: str
    width: int
    height: int


def render_page(results: RunResults) -> str:
    """The whole report as HTML; all text is escaped, and nothing is loaded from elsewhere."""
    environment = Environment(
        loader=PackageLoader("strandline.report.page", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for function in (
        words.format_money, words.format_percent, words.format_metres, words.format_years, words.format_time,
        words.format_date, words.format_duration, words.pluralise,
        words.format_key, words.format_asset_list, words.capitalise, words.format_money_bounds,
        words.format_score, words.format_count, words.format_head_count,
    ):  # fmt: skip
        environment.filters[function.__name__.removeprefix("format_")] = function
    environment.globals["format_expression"] = format_expression
    environment.globals["money_between"] = words.format_money_between
    environment.globals["say_tip"] = format_tipping_point
    environment.globals["titles"] = titles
    environment.globals["say_difference"] = describe_measure_set
    environment.globals["say_sources"] = source_sentences
    levels = return_levels(results.hazard)
    trace = forecast_of_the_peak(results.surge)
    return environment.get_template("report.html.jinja").render(
        results=results,
        region=results.hazard.region,
        centre=results.hazard.region.centre_lonlat,
        run=results.run,
        kinds={section: provenance_label(kinds) for section, kinds in results.kinds.items()},
        levels=levels.to_dict(orient="records"),
        rarest=levels.iloc[-1].to_dict(),
        lead=lead_paragraph(results, levels),
        tiles=headline_tiles(results, levels),
        trace=trace,
        trace_words=_forecast_sentences(trace),
        drawings=_draw_all(results, levels, trace),
        rise_scenarios=[
            {
                "name": scenario.name,
                "rise": scenario.rise,
                "level": float(np.median(scenario.hazard.levels[:, -1])),
                "damage": scenario.expected_annual_damage,
            }
            for scenario in results.rise_scenarios
        ],
        summarise_by_sea_level=summarise_by_sea_level(results.plan.scenarios),
        signposts=None if results.plan.pathways is None else signpost_table(results.plan.pathways),
        damage=damage_table(results),
        people=people_sentences(results.impact),
        survey=outdated_survey_sentences(results.impact),
        information=information_sentences(results.information),
        ranked=ranked_assets(results, MAX_RANKED_ASSETS).to_dict(orient="records"),
        verdict=skill_sentences(results.learning),
        silent=missing_data_sentences(results),
        unknown_assets=unknown_assets(results.impact),
        unknown_share=flooded_land(results.hazard, results.observations.terrain).unknown_share,
        sources=source_rows(results),
        limits=LIMITS,
    )


def _draw_all(results: RunResults, levels: pd.DataFrame, trace: ForecastTrace | None) -> Mapping[str, Drawing]:
    hazard, terrain, region = results.hazard, results.observations.terrain, results.hazard.region
    datum = region.vertical_datum
    drawings = {
        "map": _draw_both_widths(
            lambda width: map_flood(
                region, terrain, hazard.flood_probability[-1], hazard.return_periods[-1], results.impact.assets, width
            )
        ),
        "periods": _draw_both_widths(
            lambda width: map_each_period(region, terrain, hazard.flood_probability, hazard.return_periods, width)
        ),
        "disagreement": _draw_both_widths(
            lambda width: map_epistemic_sd(region, terrain, hazard.epistemic_sd[-1], hazard.return_periods[-1], width)
        ),
        "levels": _draw_both_widths(
            lambda width: draw_return_levels(levels, results.observed_maxima, results.maxima_per_year, datum, width)
        ),
        "learning": _draw_both_widths(lambda width: draw_learning(results.learning, width)),
    }
    if trace is not None:
        drawings["surge"] = _draw_both_widths(lambda width: draw_surge(trace, _observed_levels(results), datum, width=width))
    ranked = ranked_assets(results, MAX_RANKED_ASSETS)
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
    """Observed levels [m] of the region's own gauge by time; empty where there is no gauge."""
    gauge = results.observations.tide_gauge
    if gauge is None:
        return pd.Series(dtype=float, index=pd.DatetimeIndex([]))
    level = gauge["water_level"].isel(station=0)
    return pd.Series(level.to_numpy(), index=pd.DatetimeIndex(gauge["time"].to_numpy()))


def _forecast_sentences(trace: ForecastTrace | None) -> list[str]:
    """What the shown forecast said, and what came."""
    if trace is None:
        return ["There is no forecast to show."]
    rows = trace.rows
    peak = rows.iloc[int(rows["p50"].argmax())]
    if trace.issue_time is not None:
        issued = f"Issued on {words.format_time(trace.issue_time)}"
    else:
        issued = f"Issued afresh every hour, {trace.lead_h:g} hours ahead"
    sentences = [
        f"{issued}, the forecast peaks at {words.format_metres(peak['p50'])} "
        f"({words.format_metres_between(peak['p10'], peak['p90'])}) on {words.format_time(peak['time'])}."
    ]
    observed = rows["observed"]
    if observed.notna().any():
        top = rows.iloc[int(observed.argmax())]
        sentences.append(
            f"The highest reading in that time was {words.format_metres(top['observed'])} "
            f"on {words.format_time(top['time'])}."
        )
    if observed.isna().any():
        sentences.append(
            f"The gauge gave no reading in {words.pluralise(int(observed.isna().sum()), 'hour')} of this time; "
            "the gaps are shaded and nothing is drawn into them."
        )
    return sentences
