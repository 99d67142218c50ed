"""Rows of the report's tables: headline numbers, damage states, ranked assets and data sources."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from strandline.observations.observations import ProvenanceKind
from strandline.observations.region_file.prices.money import SPACE
from strandline.planning.formatting import (
    capitalise,
    format_age,
    format_area,
    format_area_between,
    format_date,
    format_mean,
    format_metres,
    format_metres_between,
    format_money_between,
    format_percent,
    format_years,
    is_name,
    pluralise,
)
from strandline.report.figures.maps import DAMAGE_LABELS, middle_damage_state
from strandline.report.findings import RunResults
from strandline.report.flooded_land import flooded_land
from strandline.report.page.forecast_text import range_verdict
from strandline.risk.stage_damage.damage_draws import NEGLIGIBLE_BEYOND

MODALITY_LABELS = {
    "terrain": "Ground elevation",
    "tide_gauge": "Tide gauges",
    "weather": "Weather and coarse sea level",
    "weather_forecast": "Weather forecasts",
    "surge_forecast": "Operational surge forecasts",
    "sar": "Radar scenes",
    "sar_reference": "Dry-season radar reference",
    "optical": "Optical scenes",
    "storms": "Storm tracks",
    "in_situ": "Depth loggers",
    "flood_survey": "Labelled flood maps",
    "people": "Map of people",
    "assets": "Assets",
}


TRUTH_LABEL = "Simulated floods, for the scores"


@dataclass(frozen=True)
class Tile:
    """One headline number with its range and the kind of its data."""

    label: str
    value: str
    range: str
    kind: str


@dataclass(frozen=True)
class SourceRow:
    """One row of the table of sources."""

    name: str
    kind: str
    source: str
    licence: str
    span: str
    age: str


def headline_tiles(results: RunResults, levels: pd.DataFrame) -> list[Tile]:
    """Return the four numbers at the top of the page."""
    rarest, surge, kinds = levels.iloc[-1], results.surge_scores, results.kinds
    land = flooded_land(results.hazard, results.observations.terrain)
    damage = results.impact.expected_annual_damage
    return [
        Tile(
            f"sea level once in {format_years(rarest['return_period'])}",
            format_metres(rarest["p50"], rarest["p90"] - rarest["p10"]),
            format_metres_between(rarest["p10"], rarest["p90"]),
            provenance_label(kinds["levels"]),
        ),
        Tile(
            "land under water at that level, on average",
            format_area(land.flooded.mean),
            format_area_between(land.flooded.p10, land.flooded.p90),
            provenance_label(kinds["flood"]),
        ),
        Tile(
            "damage a year on average" + ("" if results.plan.damage_by_all_drivers is None else ", by the sea alone"),
            at_least(results.impact.share_beyond_maps) + format_mean(damage, results.plan.money).replace(SPACE, " "),
            (
                "no assets were surveyed"
                if results.observations.assets is None
                else "nobody stated what assets are worth"
            )
            if results.plan.without_money
            else format_money_between(damage.p10, damage.p90, results.plan.money),
            provenance_label(kinds["assets"]),
        ),
        Tile(
            "typical error of the water-level forecast",
            format_metres(surge.rmse),
            f"its 90 % range contained {format_percent(surge.coverage_90)} of {surge.n_hours:,} hours: "
            f"{range_verdict(surge)}",
            provenance_label(kinds["surge"]),
        ),
    ]


def at_least(share_beyond_maps: float) -> str:
    """Return the words before an amount that is a lower bound, because of this share from seas above the maps [-]."""
    return "at least " if share_beyond_maps > NEGLIGIBLE_BEYOND else ""


def provenance_label(kinds: Collection[ProvenanceKind]) -> str:
    """Return ``real``, ``simulated`` or ``partly simulated``."""
    if "simulated" not in kinds:
        return "real"
    return "partly simulated" if "real" in kinds else "simulated"


def damage_table(results: RunResults) -> list[tuple[str, int]]:
    """Return the number of assets in each damage state, by the one that it reaches at an even chance; unknown last."""
    states = middle_damage_state(results.impact.assets)
    return [(label, int((states == state).sum())) for state, label in enumerate((*DAMAGE_LABELS, "unknown"))]


def ranked_assets(results: RunResults, most: int) -> pd.DataFrame:
    """Return at most ``most`` assets with the greatest known expected annual damage, with a ``name`` for the reader."""
    assets = results.impact.assets
    known = assets[assets["expected_annual_damage_mean"].notna() & (assets["expected_annual_damage_mean"] > 0)]
    ranked = known.sort_values("expected_annual_damage_mean", ascending=False, kind="stable").head(most)
    names = [name_of_asset(row) for _, row in ranked.iterrows()]
    return pd.DataFrame(ranked.drop(columns="geometry").assign(name=names))


def name_of_asset(asset: pd.Series) -> str:
    """Return what people call the asset, or ``polder 05 (A0007)``: its district, and the id to look it up by."""
    own, name, district = str(asset["asset_id"]), asset.get("name"), asset.get("district")
    if isinstance(name, str) and name:
        return name
    if is_name(own):
        return own
    return own if pd.isna(district) else f"{district} ({own})"


def source_rows(results: RunResults) -> list[SourceRow]:
    """Return source, time span and age at the start of the run of each modality."""
    observations, now = results.observations, results.run.started
    present = observations.modalities()
    rows = []
    for name, provenance in observations.provenance.items():
        span, age = "–", "–"
        if name in present and "time" in present[name].coords:
            time = pd.DatetimeIndex(np.atleast_1d(present[name]["time"].to_numpy()))
            span = f"{format_date(time.min())} – {format_date(time.max())}"
            age = format_age(now - time.max())
        elif name == "assets" and observations.assets is not None:
            surveyed = pd.to_numeric(observations.assets["survey_year"])
            first, last = int(surveyed.min()), int(surveyed.max())
            how = "mapped" if "count" in observations.assets else "surveyed"
            span = f"{how} {first}" if first == last else f"{how} {first}–{last}"
            age = pluralise(max(now.year - last, 0), "year")
        label = MODALITY_LABELS.get(name, TRUTH_LABEL if name == "truth" else capitalise(name.replace("_", " ")))
        rows.append(SourceRow(label, provenance.kind, provenance.source, provenance.licence, span, age))
    return rows
