"""What the report says in sentences, worked out from the findings; the template only places it."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from strandline.observations.observations import ProvenanceKind
from strandline.planning.formatting import (
    SPACE,
    capitalise,
    format_age,
    format_area,
    format_area_between,
    format_date,
    format_metres,
    format_metres_between,
    format_money,
    format_money_between,
    format_percent,
    format_years,
    pluralise,
)
from strandline.report.figures.maps import DAMAGE_LABELS, UNKNOWN_ASSET, most_likely_state
from strandline.report.findings import LearningScores, RunResults
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.impact.impact import Impact
from strandline.risk.impact.population import HeadCount
from strandline.risk.impact.survey_age import OUTDATED_YEARS
from strandline.risk.sensitivity import Information

MODALITY_LABELS = {
    "terrain": "Ground elevation",
    "tide_gauge": "Tide gauges",
    "climate": "Weather and coarse sea level",
    "sar": "Radar scenes",
    "sar_reference": "Dry-season radar reference",
    "optical": "Optical scenes",
    "storms": "Storm tracks",
    "in_situ": "Depth loggers",
    "flood_survey": "Flood maps with labels",
    "assets": "Assets",
}
NEGLIGIBLE_REDUCTION = 0.02
"""Share of the variance below which a measurement is not worth naming."""
DEPTH_OF_A_FLOOD = 0.15
"""Depth [m] from which a cell counts as flooded."""


@dataclass(frozen=True)
class Tile:
    """One headline number: what, how much, how sure."""

    label: str
    value: str
    range: str
    kind: str


@dataclass(frozen=True)
class SourceRow:
    """One row of the page of provenance."""

    name: str
    kind: str
    source: str
    licence: str
    span: str
    age: str


@dataclass(frozen=True, eq=False)
class FloodedLand:
    """Land [m²] under 0.15 m of water or more at the rarest return period: 10th, 50th, 90th percentile, and all."""

    low: float
    middle: float
    high: float
    known_land: float
    unknown_share: float


def flooded_land(hazard: Hazard, terrain: xr.Dataset) -> FloodedLand:
    """Over the known land cells; unknown cells are counted apart and never as dry."""
    land = terrain["permanent_water"].to_numpy() != 1
    depth = hazard.flood_depth[:, -1]  # (S, H, W)
    unknown = np.isnan(hazard.flood_probability[-1])
    cell = hazard.region.cell_size**2
    flooded = ((depth >= DEPTH_OF_A_FLOOD) & (land & ~unknown)).sum(axis=(1, 2)) * cell  # (S,)
    low, middle, high = np.quantile(flooded, (0.1, 0.5, 0.9))
    known_land = float((land & ~unknown).sum() * cell)
    return FloodedLand(float(low), float(middle), float(high), known_land, float(unknown.mean()))


def lead_paragraph(results: RunResults, levels: pd.DataFrame) -> str:
    """The report in one paragraph of plain words, each number with how sure it is."""
    hazard, impact = results.hazard, results.impact
    rarest = levels.iloc[-1]
    land = flooded_land(hazard, results.observations.terrain)
    states = most_likely_state(impact.assets)
    known = states[states != UNKNOWN_ASSET]
    p10, p50, p90 = impact.expected_annual_damage
    sentences = [
        f"At {hazard.region.name} the sea reaches {format_metres(rarest['p50'])} above {hazard.region.vertical_datum} "
        f"about once in {format_years(rarest['return_period'])} (we are 8 in 10 sure of "
        f"{format_metres_between(rarest['p10'], rarest['p90'])}).",
        f"That would put about {format_area(land.middle)} of {format_area(land.known_land)} of known land under water "
        f"({format_area_between(land.low, land.high)}).",
    ]
    if known.size:
        sentences.append(
            f"At the level that the plan prepares for, {int((known > 0).sum())} of the "
            f"{pluralise(known.size, 'asset')} that we can judge would most likely be damaged."
        )
        sentences.append(
            f"Flood damage is expected to cost {format_money(p50)} a year ({format_money_between(p10, p90)})."
        )
    sentences.append(
        f"The plan holds {pluralise(len(results.plan.actions), 'action')} and "
        f"{pluralise(results.plan.n_triggers, 'trigger')}."
    )
    if land.unknown_share > 0 or impact.unknown_assets:
        and_assets = f" and of {pluralise(impact.unknown_assets, 'asset')}" if impact.unknown_assets else ""
        sentences.append(
            f"We know nothing of {format_percent(land.unknown_share)} of the map{and_assets}: that means unknown, "
            "not safe."
        )
    return " ".join(sentences)


def people_sentences(impact: Impact) -> list[str]:
    """Whom the design event reaches and whom it cuts off, as bounds that hold whatever is unknown."""
    people = impact.population
    if people is None:
        return ["Nobody counted the people who live here, so nothing is said about how many are in danger."]
    said = [f"Of {people.counted:,.0f} people counted, {_format_head_count(people.exposed)} would have water at their home."]
    said += [
        f"{capitalise(_format_head_count(count))} could reach no {refuge} by road." for refuge, count in people.cut_off.items()
    ]
    if people.uncounted_assets:
        said.append(f"{pluralise(people.uncounted_assets, 'home')} have no count and are in none of these numbers.")
    return said


def _format_head_count(count: HeadCount) -> str:
    least, most = count.at_least[1], count.at_most[1]
    if round(least) == round(most):
        return f"about {least:,.0f}"
    return f"between {least:,.0f} and {most:,.0f}, depending on roads and ground that nobody knows,"


def information_sentences(information: Information | None) -> list[str]:
    """What makes the damage uncertain, and what to measure next; empty where nothing is uncertain."""
    if information is None or not information.measurements:
        return []
    driver, best = information.drivers[0], information.measurements[0]
    said = [
        f"The largest part of what we do not know about the damage comes from the {driver.name}: "
        f"{format_percent(driver.first_order)} of its variance would go if that were known."
    ]
    if best.reduction < NEGLIGIBLE_REDUCTION:
        return [*said, "No single further year of gauge or survey that we weighed would narrow it much."]
    best_of = {each.of: each for each in reversed(information.measurements) if each.of != best.of}
    others = sorted(best_of.values(), key=lambda each: -each.reduction)
    then = " ".join(f"For comparison, {each.what}: {format_percent(each.reduction)}." for each in others)
    if best.of == "flood map":
        then = f"That rests on a map that errs alike all over the region, as we assume. {then}"
    return [
        *said,
        f"What would narrow it most is {best.what}: we expect it to take away {format_percent(best.reduction)} of the"
        f" variance. {then}".rstrip(),
    ]


def headline_tiles(results: RunResults, levels: pd.DataFrame) -> list[Tile]:
    """The four numbers of the first screen."""
    rarest, surge, kinds = levels.iloc[-1], results.surge_scores, results.kinds
    land = flooded_land(results.hazard, results.observations.terrain)
    p10, p50, p90 = results.impact.expected_annual_damage
    return [
        Tile(
            f"sea level once in {format_years(rarest['return_period'])}",
            format_metres(rarest["p50"]),
            format_metres_between(rarest["p10"], rarest["p90"]),
            provenance_label(kinds["levels"]),
        ),
        Tile(
            "land under water then",
            format_area(land.middle),
            format_area_between(land.low, land.high),
            provenance_label(kinds["flood"]),
        ),
        Tile(
            "damage to expect a year",
            format_money(p50).replace(SPACE, " "),
            format_money_between(p10, p90),
            provenance_label(kinds["assets"]),
        ),
        Tile(
            "typical error of the water-level forecast",
            format_metres(surge.rmse),
            f"its 90 % range held {format_percent(surge.coverage_90)} of {surge.n_hours:,} hours",
            provenance_label(kinds["surge"]),
        ),
    ]


def unknown_assets(impact: Impact) -> str:
    """How many assets cannot be judged, and what they are worth as far as that is stated."""
    if impact.unknown_assets == 0:
        return "Every asset lies on known ground."
    lies = "lies" if impact.unknown_assets == 1 else "lie"
    count = pluralise(impact.unknown_assets, "asset")
    value = format_money(impact.unknown_value)
    return f"{count}, worth {value} where a value is stated, {lies} where the flood is unknown."


def provenance_label(kinds: Collection[ProvenanceKind]) -> str:
    """``real``, ``simulated``, or ``partly simulated``."""
    if "simulated" not in kinds:
        return "real"
    return "partly simulated" if "real" in kinds else "simulated"


def damage_table(results: RunResults) -> list[tuple[str, int]]:
    """How many assets most likely end in each damage state, the unknown ones last."""
    states = most_likely_state(results.impact.assets)
    return [(word, int((states == state).sum())) for state, word in enumerate((*DAMAGE_LABELS, "unknown"))]


def outdated_survey_sentences(impact: Impact) -> list[str]:
    """Of how many assets the student tells the damage itself, because their survey is outdated; empty without any."""
    told = int((impact.assets["state_source"] == "student").sum())
    if told == 0:
        return []
    return [
        f"The survey of {pluralise(told, 'asset')} is more than {OUTDATED_YEARS} years older than the last reading:"
        " there the student's own word on the damage is shown, not that of the damage curve."
    ]


def ranked_assets(results: RunResults, most: int) -> pd.DataFrame:
    """The assets with the greatest expected annual damage, at most ``most``; those with unknown damage are left out."""
    assets = results.impact.assets
    known = assets[assets["expected_annual_damage_p50"].notna() & (assets["expected_annual_damage_p50"] > 0)]
    ranked = known.sort_values("expected_annual_damage_p50", ascending=False, kind="stable")
    return pd.DataFrame(ranked.drop(columns="geometry").head(most))


def skill_sentences(scores: LearningScores) -> list[str]:
    """What the learning scores mean, in words that do not flatter."""
    gain = scores.student_iou - scores.labels_only_iou
    if np.isnan(gain):
        return [
            "Nothing is known of the floods of the storms that were held out, so nobody's flood map could be scored."
        ]
    sentences = []
    if gain > 0:
        sentences.append(
            "With the teacher's help the student maps floods better than from the "
            f"{pluralise(scores.n_labels, 'label')} alone: {scores.student_iou:.2f} against "
            f"{scores.labels_only_iou:.2f}."
        )
    else:
        sentences.append(
            f"The teacher did not help here: the student scores {scores.student_iou:.2f}, the same student on the "
            f"{pluralise(scores.n_labels, 'label')} alone {scores.labels_only_iou:.2f}."
        )
    if scores.pretrained_iou is not None and scores.pretrained_iou >= scores.student_iou:
        sentences.append(
            f"The student as shipped, before it saw this place, scores {scores.pretrained_iou:.2f} and is no worse: "
            "adapting it gained nothing."
        )
    sentences.append(f"It keeps {format_percent(scores.retention)} of the teacher's skill.")
    if scores.gap_closed is None:
        sentences.append(
            "How much of the gap to the teacher it closes is undefined: the teacher is not better than the labels "
            "alone by more than chance would give."
        )
    else:
        sentences.append(
            f"Of the gap between labels alone and the teacher it closes {format_percent(scores.gap_closed)}."
        )
    sentences.append(
        f"All scores come from {pluralise(scores.n_test_storms, 'storm')} that nobody learnt from"
        + ("; so few cannot tell small differences from chance." if scores.n_test_storms < 10 else ".")
    )
    return sentences


def source_rows(results: RunResults) -> list[SourceRow]:
    """Where every modality comes from, what it spans, and how old it was when the run started."""
    observations, now = results.observations, results.run.started
    present = observations.modalities()
    rows = []
    for name, provenance in observations.provenance.items():
        span, old = "–", "–"
        if name in present and "time" in present[name].coords:
            time = pd.DatetimeIndex(np.atleast_1d(present[name]["time"].to_numpy()))
            span = f"{format_date(time.min())} – {format_date(time.max())}"
            old = format_age(now - time.max())
        elif name == "assets" and observations.assets is not None:
            surveyed = pd.to_numeric(observations.assets["survey_year"])
            first, last = int(surveyed.min()), int(surveyed.max())
            span = f"surveyed {first}" if first == last else f"surveyed {first}–{last}"
            old = pluralise(max(now.year - last, 0), "year")
        words = MODALITY_LABELS.get(name, name.replace("_", " "))
        rows.append(SourceRow(words, provenance.kind, provenance.source, provenance.licence, span, old))
    return rows


def missing_data_sentences(results: RunResults) -> list[str]:
    """Streams that gave nothing: gauges without a reading, and modalities that this place does not have."""
    observations = results.observations
    sentences = []
    gauge = observations.tide_gauge
    if gauge is not None:
        readings = gauge["water_level"].to_numpy()  # (station, time)
        missing: npt.NDArray[np.float64] = np.isnan(readings).mean(axis=1)
        for station, share in zip(gauge["station"].to_numpy(), missing, strict=True):
            if share == 1:
                sentences.append(f"Gauge “{station}” gave no reading at all.")
            elif share > 0:
                sentences.append(f"Gauge “{station}” was silent for {format_percent(float(share))} of the hours.")
    absent = [word for name, word in MODALITY_LABELS.items() if name not in observations.modalities()]
    if observations.assets is not None:
        absent.remove(MODALITY_LABELS["assets"])
    if absent:
        sentences.append(f"Not available here: {', '.join(word.lower() for word in absent)}.")
    return sentences
