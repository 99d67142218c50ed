"""Rows of the joint benchmark: coasts, their truth, records of 30 years, and what each method says of every cell."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.special import ndtri

from benchmarks.joint.coasts import BLOCK, DRIVERS, JointCoast, draw_joint_coast, yearly_maxima
from benchmarks.joint.methods import DEGREES, Dependence, Independent, Together, energy_score, fit_copula
from benchmarks.joint.responses import KINDS, PROBABILITIES, Cells, Responses, cells_of
from benchmarks.record import Row
from strandline.observations.arrays import Floats, Indices
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.risk.hazard.joint.driver_events import WINDOW, DriverEvents, find_driver_events
from strandline.risk.hazard.joint.flood_chance import annual_probability, flood_chance, shares_of_drivers
from strandline.risk.hazard.joint.population import Population
from strandline.risk.hazard.joint.seasonal_margins import season_of
from strandline.risk.hazard.joint.simulated_years import JointEvents
from strandline.simulator.sea.tracks import Basin

TARGETS, TUNING = 750, 2_000_001
"""First seeds of test and tuning coasts."""
BASINS: tuple[Basin, ...] = ("bay_of_bengal", "mekong")
RECORD_YEARS, LONG_YEARS = 30, 250
"""Of a record, and of one so long that the error of a record is the method's, not the record's."""
SCALE_BLOCK, LONG_BLOCK, TRUTH_BLOCK = 500, 600, 1000
"""First blocks of the years that set the scales of the responses, of long records, and of the truth; records are 0 …"""
LONG_START = np.datetime64("1900-01-01", "ns")
"""Of a long record: its blocks follow one another. Nanoseconds count 292 years."""
POINT_YEARS = 6000
"""Simulated years of a method without a range."""
SAMPLES_SCORED = 100


@dataclass(frozen=True)
class Effort:
    """How much is simulated: truth [years], records of a coast, parameters drawn of each, and years of these."""

    truth_years: int
    records: int
    long_records: int
    samples: int
    years: int


def rows_of(seed: int, basin: Basin, effort: Effort) -> Iterator[Row]:
    """Every cell of a coast, for every record."""
    coast = draw_joint_coast(seed, basin)
    scales = np.median(yearly_maxima(coast.hours(SCALE_BLOCK)[1], lambda drivers: drivers, 0), axis=0)
    responses = Responses(float(scales[0]), float(scales[1]))
    blocks = range(TRUTH_BLOCK, TRUTH_BLOCK + effort.truth_years // BLOCK)
    together, hourly = [], []
    for block in blocks:
        hours = coast.hours(block)[1]
        together.append(yearly_maxima(hours, responses, WINDOW))
        hourly.append(yearly_maxima(hours, responses, 0))
    cells = cells_of(responses, np.concatenate(together))
    truth, of_hours = (_frequency(np.concatenate(maxima), cells) for maxima in (together, hourly))
    records = [(RECORD_YEARS, record) for record in range(effort.records)]
    records += [(LONG_YEARS, record) for record in range(effort.long_records)]
    for record_years, record in records:
        rng = np.random.default_rng([seed, 8, record, *([] if record_years == RECORD_YEARS else [record_years])])
        observed = observe if record_years == RECORD_YEARS else observe_long
        events, maxima = observed(coast, record, responses)
        fitted = JointEvents.of(events, effort.samples, rng)
        chance = flood_chance(fitted.possible_years(effort.samples, effort.years, rng), cells.flooded)
        columns = {
            "true": truth,
            "true_hourly": of_hours,
            "joint": chance.mean,
            "joint_middle": chance.middle,
            "low": chance.low,
            "high": chance.high,
            "independent": _point(with_dependence(fitted, Independent), cells, rng),
            "together": _point(with_dependence(fitted, Together), cells, rng),
            "copula": _point(with_dependence(fitted, lambda ranks: fit_copula(ranks, DEGREES)), cells, rng),
            "frequency": _frequency(maxima, cells),
        }
        if record == 0 and record_years == RECORD_YEARS:
            years = fitted.draw(POINT_YEARS // 4, 0, rng)
            shares = shares_of_drivers(years, partial(annual_probability, years, cells.flooded))
            columns |= {f"share_{name.split()[0]}": row for name, row in zip(DRIVERS, shares, strict=True)}
        for cell in range(cells.limits.size):
            kind, probability = divmod(cell, len(PROBABILITIES))
            values = {name: round(float(column[cell]), 5) for name, column in columns.items()}
            yield {
                "coast": seed,
                "basin": basin,
                "record": record,
                "record_years": record_years,
                "kind": KINDS[kind],
                "stated": PROBABILITIES[probability],
                **values,
            }


def dependence_rows(seed: int, basin: Basin, records: int) -> Iterator[Row]:
    """Models of the dependence on a tuning coast: fitted to one record, scored on the events of the next."""
    coast = draw_joint_coast(seed, basin)
    responses = Responses(1.0, 1.0)
    events = [observe(coast, record, responses)[0] for record in range(records + 1)]
    for record in range(records):
        rng = np.random.default_rng([seed, 9, record])
        fitted = JointEvents.of(events[record], 1, rng)
        population = fitted.populations[0]
        held = events[record + 1].take(np.flatnonzero(~events[record + 1].cyclonic))
        ranks = _held_ranks(fitted, population, held)
        own = population.dependence.ranks
        models: dict[str, Dependence] = {
            "conditional": population.dependence,
            "normal copula": fit_copula(own, (np.inf,)),
            "t copula": fit_copula(own, DEGREES),
            "independent": Independent(own),
        }
        for name, model in models.items():
            yield {
                "coast": seed,
                "basin": basin,
                "record": record,
                "model": name,
                "energy_score": _conditional_score(model, ranks, population.extreme, rng),
                "log_likelihood": getattr(model, "log_likelihood", lambda _: None)(ranks),
            }


def observe(coast: JointCoast, block: int, responses: Responses) -> tuple[DriverEvents, Floats]:
    """Events of the first 30 years of a block, and the greatest responses of these years (years, kinds)."""
    time, hours, passages = coast.hours(block)
    last = round(RECORD_YEARS * HOURS_PER_YEAR)
    events = find_driver_events(time[:last], list(hours[:, :last]), DRIVERS, passages)
    return events, yearly_maxima(hours[:, :last], responses, WINDOW)


def observe_long(coast: JointCoast, record: int, responses: Responses) -> tuple[DriverEvents, Floats]:
    """Events of ``LONG_YEARS``, block after block, and the greatest responses of these years (years, kinds)."""
    blocks = LONG_YEARS // BLOCK
    length = np.timedelta64(round(BLOCK * HOURS_PER_YEAR), "h")
    found: list[DriverEvents] = []
    maxima: list[Floats] = []
    for i in range(blocks):
        time, hours, passages = coast.hours(LONG_BLOCK + record * blocks + i)
        events = find_driver_events(time, list(hours), DRIVERS, passages)
        found.append(replace(events, time=LONG_START + i * length + (events.time - time[0])))
        maxima.append(yearly_maxima(hours, responses, WINDOW))
    columns = {name: np.concatenate([getattr(each, name) for each in found]) for name in ("time", "peaks", "cyclonic")}
    return DriverEvents(DRIVERS, **columns, years=sum(each.years for each in found)), np.concatenate(maxima)


def with_dependence(fitted: JointEvents, of_ranks: Callable[[Floats], Dependence]) -> JointEvents:
    """The same margins and rates with another dependence."""
    populations = tuple(
        replace(population, dependence=of_ranks(population.dependence.ranks))  # type: ignore[arg-type]
        for population in fitted.populations
    )
    return replace(fitted, populations=populations)


def _held_ranks(fitted: JointEvents, population: Population, held: DriverEvents) -> Floats:
    season: Indices = season_of(held.day)
    columns = [
        margin.rank(cycle.reduce(peaks, held.day), season)
        for cycle, margin, peaks in zip(fitted.cycles, population.margins, held.peaks.T, strict=True)
    ]
    return np.stack(columns, axis=1)


def _conditional_score(model: Dependence, ranks: Floats, extreme: float, rng: np.random.Generator) -> float:
    """Mean energy score of the other drivers' normal scores, given the greatest, in events where it is extreme."""
    scores = []
    for row in ranks[ranks.max(axis=1) > extreme]:
        driver = int(row.argmax())
        drawn = np.delete(model.others_given(driver, np.full(SAMPLES_SCORED, row[driver]), rng), driver, axis=1)
        drawn_scores = ndtri(np.clip(drawn, 1e-6, 1 - 1e-6))
        scores.append(energy_score(drawn_scores, ndtri(np.delete(row, driver))))
    return float(np.mean(scores))


def _frequency(maxima: Floats, cells: Cells) -> Floats:
    """(cells,) share of the years (years, kinds) whose greatest response passes the limits."""
    return np.asarray((maxima[:, :, None] > cells.limits).mean(axis=0).ravel())


def _point(fitted: JointEvents, cells: Cells, rng: np.random.Generator) -> Floats:
    """(cells,) annual probability, mean over the tails that the record allows."""
    samples = fitted.populations[0].tails[0][0].size
    years = max(POINT_YEARS // samples, 1)
    return np.mean([annual_probability(fitted.draw(years, one, rng), cells.flooded) for one in range(samples)], axis=0)
