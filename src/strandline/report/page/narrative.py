"""The sentences of the report, composed from the results of a run."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from strandline.observations.checks.silence import coverage
from strandline.observations.region_file.prices.money import SPACE, MoneyUnit
from strandline.planning.actions import MONITORING
from strandline.planning.early_action.evacuation.all_drivers import in_words
from strandline.planning.early_action.evacuation.lives import may_die
from strandline.planning.formatting import (
    format_area,
    format_area_between,
    format_count,
    format_date,
    format_mean,
    format_metres,
    format_metres_between,
    format_money,
    format_money_between,
    format_people,
    format_percent,
    format_time,
    format_years,
    pluralise,
)
from strandline.planning.plan import Plan
from strandline.report.alerts.drafts import rows_to_warn_of
from strandline.report.alerts.forecast_trace import ForecastTrace
from strandline.report.figures.maps import UNKNOWN_ASSET, middle_damage_state
from strandline.report.findings import LearningScores, RunResults
from strandline.report.flooded_land import flooded_land
from strandline.report.page.assets_beside_land import uneven_assets_sentence
from strandline.report.page.tables import MODALITY_LABELS, at_least
from strandline.risk.impact.impact import Impact
from strandline.risk.impact.lives.by_all_drivers import PeopleByAllDrivers
from strandline.risk.impact.lives.loss_of_life import LossOfLife
from strandline.risk.impact.population import PopulationImpact
from strandline.risk.impact.survey_age import OUTDATED_YEARS
from strandline.risk.sensitivity import SensitivityAnalysis, ValueOfInformation

MOST_NAMED = 4
"""Actions that the summary names."""
NEGLIGIBLE_REDUCTION = 0.02
"""Share of the variance below which no measurement is recommended."""


def lead_answers(results: RunResults, levels: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the summary as questions with their answers, each number with its uncertainty."""
    answers = {
        "What will flood?": [*_land_sentences(results, levels)],
        "Who is in danger?": _people_sentences(results.impact),
        "What does it cost?": _cost_sentences(results),
        "How sure is this?": [*_doubt_sentences(results)],
        "What to do?": [_plan_sentence(results.plan)],
    }
    return [(question, " ".join(sentences)) for question, sentences in answers.items() if sentences]


def _land_sentences(results: RunResults, levels: pd.DataFrame) -> tuple[str, str]:
    """The sea that the plan prepares for, and the land under it."""
    region, rarest = results.hazard.region, levels.iloc[-1]
    land = flooded_land(results.hazard, results.observations.terrain)
    return (
        f"At {region.name} the sea reaches {format_metres(rarest['p50'], rarest['p90'] - rarest['p10'])} above "
        f"{region.vertical_datum} "
        f"about once in {format_years(rarest['return_period'])} (8 in 10 chance: "
        f"{format_metres_between(rarest['p10'], rarest['p90'])}).",
        f"On average {format_area(land.flooded.mean)} of {format_area(land.known_land)} of known land would then be "
        f"under water ({format_area_between(land.flooded.p10, land.flooded.p90)}).",
    )


def _people_sentences(impact: Impact) -> list[str]:
    """People with water at home and who may die, by the sea and by all drivers."""
    if impact.population is None:
        return ["The people who live here were not counted: how many are in danger is unknown."]
    together = impact.by_all_drivers
    return [
        _lives_sentence(impact.population, impact.loss_of_life),
        *([] if together is None else [_together_sentence(together)]),
    ]


def _cost_sentences(results: RunResults) -> list[str]:
    """Assets that would be damaged, and the damage a year."""
    impact, plan = results.impact, results.plan
    if plan.without_money:
        why = "no assets were surveyed" if len(impact.assets) == 0 else "nobody stated what the assets are worth"
        sentences = [f"What a flood costs is unknown: {why}."]
    else:
        sentences = []
    states = middle_damage_state(impact.assets)
    known = states[states != UNKNOWN_ASSET]
    if not known.size:
        return sentences
    sentences.append(
        f"At the level that the plan prepares for, {int((known > 0).sum()):,} of the "
        f"{pluralise(known.size, 'asset')} with known flooding would more likely than not be damaged."
    )
    terrain, region = results.observations.terrain, results.hazard.region
    land = flooded_land(results.hazard, terrain)
    damaged, flooded = float((known > 0).mean()), land.flooded.p50 / max(land.known_land, 1.0)
    uneven = uneven_assets_sentence(damaged, flooded, impact.assets, terrain, region)
    sentences += [uneven] if uneven else []
    if not plan.without_money:
        by_all, damage = plan.damage_by_all_drivers, impact.expected_annual_damage
        beside = "" if by_all is None else f" With those of rain and rivers it is {format_mean(by_all, plan.money)}."
        floods = "Floods" if by_all is None else "Floods of the sea"
        sentences.append(
            f"{floods} cost {at_least(impact.share_beyond_maps)}{format_mean(damage, plan.money)} a year on average (8"
            f" in 10 chance: {format_money_between(damage.p10, damage.p90, plan.money)}).{beside}"
        )
    return sentences


def _doubt_sentences(results: RunResults) -> list[str]:
    """How often the maps were wrong, and what has no data."""
    missed = missed_cells_sentence(results.learning)
    sentences = [missed or "How often the flood maps are wrong could not be measured here."]
    unknown_share = flooded_land(results.hazard, results.observations.terrain).unknown_share
    unknown_assets = 0 if results.plan.without_money else results.impact.unknown_assets
    if unknown_share > 0 or unknown_assets:
        and_assets = f" and for {pluralise(unknown_assets, 'asset')}" if unknown_assets else ""
        sentences.append(
            f"There is no data for {format_percent(unknown_share)} of the map{and_assets}: unknown does not mean safe."
        )
    return sentences


def _plan_sentence(plan: Plan) -> str:
    """How much the plan holds, and what comes first."""
    first = [each.title for each in plan.actions if each.kind != MONITORING][:MOST_NAMED]
    named = f" First: {'; '.join(first)}." if first else ""
    return f"The plan has {pluralise(len(plan.actions), 'action')} and {pluralise(plan.n_triggers, 'trigger')}.{named}"


def _lives_sentence(population: PopulationImpact, loss: LossOfLife | None) -> str:
    """Who has water at home then, and who may die."""
    wet = f"Then {format_people(population.exposed)} people may have water at home"
    if loss is None:
        return f"{wet}."
    average = format_people(loss.on_average)
    return f"{wet}, and {may_die(loss.by_night)} by night if nobody leaves (on average {average})."


def _together_sentence(together: PeopleByAllDrivers) -> str:
    """The same by all drivers of floods."""
    return (
        f"In a flood of {in_words(together.drivers, 'or')} that comes about once in"
        f" {format_years(together.return_period)}, {format_people(together.exposed)} people may have water at home, and"
        f" {may_die(together.by_night)} by night if nobody leaves (on average {format_people(together.on_average)})."
    )


def beyond_maps_sentences(shares: Sequence[float]) -> list[str]:
    """Return why amounts with these shares [-] of seas above the maps are called lower bounds; empty where none is."""
    beyond = max(shares, default=0.0)
    if not at_least(beyond):
        return []
    return [
        f"“At least”: {format_percent(beyond)} of it come from seas above the highest mapped level, and are counted as"
        " at that level."
    ]


def population_sentences(impact: Impact) -> list[str]:
    """Return how many people the design event floods or cuts off, as bounds that cover everything unknown."""
    population = impact.population
    if population is None:
        return ["The people who live here were not counted, so the number of people in danger is unknown."]
    by_map = population.counted_by == "map"
    return [
        f"People who live here: {format_people(population.residents)}"
        + (", by a map that spreads a census over cells; nobody counted them here." if by_map else "."),
        f"With water at home at the level that the plan prepares for: {format_people(population.exposed)}.",
        *_all_or_nothing(population),
        *(f"Then without a road to any {each}: {format_people(count)}." for each, count in population.cut_off.items()),
        *_people_by_all(impact.by_all_drivers),
    ]


def _people_by_all(together: PeopleByAllDrivers | None) -> list[str]:
    """The same by all drivers of floods; empty where they are not mapped."""
    if together is None:
        return []
    return [
        f"In a flood of {in_words(together.drivers, 'or')} that comes about once in"
        f" {format_years(together.return_period)}: with water at home {format_people(together.exposed)}, in dangerous"
        f" depth {format_people(together.in_danger)}"
        + "".join(f", without a road to any {each} {format_people(count)}" for each, count in together.cut_off.items())
        + "."
    ]


def _all_or_nothing(population: PopulationImpact) -> list[str]:
    """Why a range begins at nobody though most people may be exposed; empty where it does not."""
    if population.exposed.low > 0 or population.spared == 0 or np.isnan(population.fewest_otherwise):
        return []
    return [
        f"In about {format_percent(population.spared)} of the cases the sea is kept out and no home is wet; in the"
        f" others {format_count(population.fewest_otherwise)} people or more have water at home."
    ]


def uncounted_homes_sentences(impact: Impact) -> list[str]:
    """Return what a home without a count may hold; empty where all are counted."""
    population = impact.population
    if population is None or population.uncounted_home.is_unknown:
        return []
    home = population.uncounted_home
    return [
        f"A home without a count may be empty or hold up to {format_count(home.high)} people: a home of this survey may"
        f" be a whole settlement, of {format_count(home.likely)} people on average."
    ]


def information_sentences(information: SensitivityAnalysis | None) -> list[str]:
    """Return what makes the damage uncertain and what to measure next; empty where nothing is uncertain."""
    if information is None or not information.measurements:
        return []
    driver, best = information.drivers[0], information.measurements[0]
    sentences = [
        f"The largest part of what is uncertain about the damage is the {driver.name}: "
        f"knowing it would remove {format_percent(driver.first_order)} of the variance."
    ]
    if best.reduction < NEGLIGIBLE_REDUCTION:
        return [*sentences, "None of the further gauge records or surveys considered would reduce it much."]
    best_of = {each.of: each for each in reversed(information.measurements) if each.of != best.of}
    others = sorted(best_of.values(), key=lambda each: -each.reduction)
    sentences.append(
        f"The measurement that would reduce it most is {best.what}{_where_from(best)}: it is expected to remove"
        f" {format_percent(best.reduction)} of the variance."
    )
    if best.elsewhere is not None:
        low, high = (format_percent(share) for share in best.elsewhere)
        between = low if low == high else f"{low.partition(SPACE)[0]} to {high}"
        sentences.append(
            "This assumes that a flood map errs alike all over the region, so that a survey anywhere tells of the whole"
            f" ({between}, whatever place is surveyed). Where errors are local it tells less, and most where most"
            " damage is."
        )
    return [*sentences, *(f"For comparison, {each.what}: {format_percent(each.reduction)}." for each in others)]


def _where_from(measurement: ValueOfInformation) -> str:
    """Why the measurement's place is named; empty where it has none."""
    if measurement.share_of_damage is None:
        return ""
    return f", where {format_percent(measurement.share_of_damage)} of the damage is"


def unknown_assets_sentence(impact: Impact, money: MoneyUnit) -> str:
    """Return the number and the stated value of the assets without known flooding, and how many have no value."""
    if len(impact.assets) == 0:
        return "No assets were surveyed: what stands in the water is unknown."
    without_value = int((impact.assets["value"].isna() & impact.assets["depth_p50"].notna()).sum())
    dark = impact.unknown_assets - without_value
    text = "The flood is known at every asset."
    if dark:
        lies = "lies" if dark == 1 else "lie"
        stated = f", worth {format_money(impact.unknown_value, money)} where a value is stated,"
        stated = stated if impact.assets["value"].notna().any() else ""
        text = f"{pluralise(dark, 'asset')}{stated} {lies} where the flood is unknown."
    if without_value:
        text += f" Of {pluralise(without_value, 'asset')} nobody stated a value: what floods cost there is unknown."
    if "count" in impact.assets and impact.assets["count"].notna().any():
        text += " Where a map alone shows buildings, all of one class in one cell are one asset."
    return text


def outdated_survey_sentences(impact: Impact) -> list[str]:
    """Return for how many assets the student predicts the damage because their survey is outdated; empty for none."""
    outdated = int((impact.assets["state_source"] == "student").sum())
    if outdated == 0:
        return []
    return [
        f"The survey of {pluralise(outdated, 'asset')} is more than {OUTDATED_YEARS} years older than the last reading:"
        " their damage is the model's own estimate, not that of the damage curve."
    ]


def skill_sentences(scores: LearningScores) -> list[str]:
    """Return what the flood-map scores mean."""
    if np.isnan(scores.student_iou):
        return ["The floods of the held-out storms are unknown, so no flood map could be scored."]
    labels = pluralise(scores.n_labels, "label")
    sentences = []
    if scores.labels_only_iou is None:
        sentences.append(
            f"The student scores {scores.student_iou:.2f}. No student was trained without the teacher, so this run "
            "does not show what the teacher gained here, nor whether the adaptation was better than labels alone; "
            "`strandline run --evaluate` does."
        )
    elif scores.student_iou > scores.labels_only_iou:
        sentences.append(
            f"With the teacher's help the student maps floods better than from the {labels} alone: "
            f"{scores.student_iou:.2f} against {scores.labels_only_iou:.2f}."
        )
    else:
        sentences.append(
            f"The teacher did not help here: the student scores {scores.student_iou:.2f}, the same student on the "
            f"{labels} alone {scores.labels_only_iou:.2f}."
        )
    if scores.pretrained_iou is not None and scores.pretrained_iou >= scores.student_iou:
        sentences.append(
            f"The pretrained student, without adaptation to this site, scores {scores.pretrained_iou:.2f} and is no "
            "worse: the adaptation gained nothing."
        )
    sentences.append(f"The student keeps {format_percent(scores.retention)} of the teacher's skill.")
    if scores.labels_only_iou is None:
        return [*sentences, _test_storms_sentence(scores)]
    if scores.gap_closed is None:
        sentences.append(
            "How much of the gap to the teacher it closes is undefined: the teacher is not better than the labels "
            "alone by more than chance would give."
        )
    else:
        sentences.append(
            f"It closes {format_percent(scores.gap_closed)} of the gap between the labels alone and the teacher."
        )
    return [*sentences, _test_storms_sentence(scores)]


def missed_cells_sentence(scores: LearningScores) -> str:
    """Return how much of a flood these maps call dry; empty where no flood of the held-out storms is known."""
    if scores.miss_rate is None:
        return ""
    storms = pluralise(scores.n_test_storms, "storm")
    return (
        f"Of the cells that a storm flooded, {format_percent(scores.miss_rate)} are called dry by these maps, on"
        f" average over {storms} that no model was trained on."
    )


def _test_storms_sentence(scores: LearningScores) -> str:
    storms = pluralise(scores.n_test_storms, "storm")
    few = "; so few cannot separate small differences from chance." if scores.n_test_storms < 10 else "."
    return f"{missed_cells_sentence(scores)} All scores come from {storms} that no model was trained on{few}".lstrip()


def missing_data_sentences(results: RunResults) -> list[str]:
    """Return which gauges have gaps, and which modalities are missing at this site."""
    observations = results.observations
    sentences = [] if observations.tide_gauge is None else gauge_sentences(observations.tide_gauge)
    present = {*observations.modalities(), "people"}  # whether people are counted stands beside their number
    absent = [label for name, label in MODALITY_LABELS.items() if name not in present]
    if observations.assets is not None:
        absent.remove(MODALITY_LABELS["assets"])
    if absent:
        sentences.append(f"Not available here: {', '.join(label.lower() for label in absent)}.")
    return sentences


def gauge_sentences(gauge: xr.Dataset) -> list[str]:
    """Return when each gauge was read and how much of that time it was silent; nothing of one that always was read."""
    sentences, time = [], gauge["time"].to_numpy()
    for station, levels in zip(gauge["station"].to_numpy(), gauge["water_level"].to_numpy(), strict=True):
        read = coverage(time, ~np.isnan(levels))
        if read is None:
            sentences.append(f"Gauge “{station}” gave no reading at all.")
        elif read.silent_share > 0 or (read.first, read.last) != (time[0], time[-1]):
            span = f"{format_date(pd.Timestamp(read.first))} to {format_date(pd.Timestamp(read.last))}"
            silent = "in no hour" if read.silent_share == 0 else f"in {format_percent(read.silent_share)} of the hours"
            sentences.append(f"Gauge “{station}” was read from {span}; {silent} of that time it was silent.")
    return sentences


def drafts_sentence(results: RunResults, trace: ForecastTrace | None) -> str:
    """Return where drafts of warnings are, or why there is none."""
    if trace is None or not rows_to_warn_of(results).empty:
        return "Drafts of warnings are in the folder alerts."
    return (
        f"No warning is drafted: the forecast shown is of the past and ends on "
        f"{format_time(pd.Timestamp(trace.rows['time'].iloc[-1]))}. Warnings come from the watch, which forecasts the "
        "hours to come."
    )
