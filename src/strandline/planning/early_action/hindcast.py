"""Hindcast: a plan's own protocol on the record of its gauge, by the filter and the rule that the watch runs."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

import numpy as np
import pandas as pd

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Mask, Times
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.observations.weather.storms import Window, find_storms
from strandline.planning.actions import Confidence
from strandline.planning.early_action.derive_triggers import TriggeredAction
from strandline.planning.early_action.indicators import Finding, findings, findings_at_issues
from strandline.planning.early_action.neighbour_rule import NeighbourRule
from strandline.planning.early_action.protocol import Indicator, Phase, Protocol
from strandline.planning.early_action.streams import Stream, forecast_stream, join_issues
from strandline.planning.early_action.trigger_constants import FORECAST, NEIGHBOUR, REACHED
from strandline.planning.early_action.triggers import replay_findings
from strandline.planning.early_action.verification import CostLossModel, Verification, verify
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS
from strandline.uncertainty.assimilation.filter import Residual
from strandline.uncertainty.assimilation.fit import GaugeRecord, GaugeTide, SeaLevelFit, fit_sea_level
from strandline.uncertainty.assimilation.forecast import forecast
from strandline.uncertainty.assimilation.inflation_fit import HOURS_NEEDED, WARM_UP_HOURS
from strandline.uncertainty.assimilation.sea_state import HEARD_HOURS, initial_sea_state, update_sea_state

Condition = Literal["all gauges work", "own gauge fails in storms", "no forecast at all"]
FORECAST_SOURCE = "the watch's filter of two gauges and the tide, without weather and without the trained network"
PROTECTION_HOURS = 48.0
"""Duration of one activation, after which its cost is due again [h]; an assumption."""
STORMS_PER_YEAR = 6.0
"""Highest storms, in every second of which the gauge fails in the hindcast with gauge failures."""
FITTED_STORMS = 12
"""Storms of the first half that the spread of the forecast is fitted to."""
OUTAGE_BEFORE, OUTAGE_AFTER = np.timedelta64(36, "h"), np.timedelta64(24, "h")
"""A failing gauge stops before the storm's peak and is repaired after it; hours about the peak: assumptions."""
FEWEST_EVENTS = 5
"""Past events below which a hindcast proves little."""
CARRIES = 0.5
"""Share of past floods before which an evacuation must have started in time for the forecast to carry it [-]."""
RECOVERY_HOURS = 48
"""Time after an outage in which the forecast still differs from the one without it [h]."""
FIELDS = ("verdict", "margin", "hours_until", "is_heard")
LEAST_SHARE = 0.01
"""Share of the members that come up to the lowest level below which no indicator can be true [-]."""
MOST_YEARS = 4.0
"""Longest record on which triggers are tested: the latest of the second half [a]."""
BATCH = 24
"""Forecasts that the indicators are found of at once."""
RECENT_HOURS = 24
"""Hours whose highest residual may still be there in two days [h]."""
OUT_OF_REACH = 2.5
"""Standard deviations of the climate between the sea and the lowest level beyond which no ensemble is drawn."""


@dataclass(frozen=True)
class Hindcast:
    """The hindcast of one phase.

    Attributes:
        phase: its name in the protocol.
        condition: what fails.
        forecast: source of the forecasts that decide.
        training_years: of record to which the forecast is fitted [a]; the test is on later ones.
        level: of the sea [m, the plan's vertical datum] from which the phase counts a flood; NaN = it is for another
            event.
    """

    phase: str
    condition: Condition
    forecast: str
    training_years: float
    result: Verification
    level: float = math.nan


@dataclass(frozen=True, eq=False)
class HindcastData:
    """The record on which triggers are tested; forecasts are fitted to its first half and made for the second.

    Attributes:
        time: (T,) UTC, hourly, the second half.
        levels: (S, T) of the gauges of the model [m, region datum], the own one first; NaN = not observed.
        tides: (S, T) their tides with the mean level [m, region datum].
        tide_ahead: (T + 48,) of the own gauge, two days longer.
        neighbour: (T,) reading that decides without a forecast [m, its own zero]; ``None`` = there is no neighbour.
        rule: the first half, from which thresholds of the neighbour are chosen; ``None`` likewise.
        training_years: of the first half [a].
    """

    time: Times
    levels: Floats
    tides: Floats
    tide_ahead: Floats
    fitted: SeaLevelFit
    neighbour: Floats | None
    rule: NeighbourRule | None
    training_years: float


def prepare_hindcast(
    time: Times, gauges: Sequence[GaugeRecord], own_tide: GaugeTide, zero_of_neighbour: float = 0.0
) -> HindcastData | None:
    """The second half of a record, with the forecast fitted to the first half; ``None`` where it is too short.

    Args:
        time: (T,) UTC, hourly without a break.
        gauges: the own gauge first; the second is the neighbour that decides without a forecast. The filter reads these
            two: further ones would double its time, and the watch can only do better with them.
        zero_of_neighbour: height of the neighbour's own zero [m, region datum].
    """
    half = time.size // 2
    first = np.arange(time.size) < half
    gauges = gauges[:2]
    own = gauges[0].level
    storms = find_storms(time[:half], own[:half], FITTED_STORMS)
    peaks = [int(np.searchsorted(time, storm.peak)) for storm in storms]
    try:
        fitted = fit_sea_level(
            time,
            gauges,
            own_tide,
            first,
            [peak for peak in peaks if HOURS_NEEDED <= peak < half - HORIZON_HOURS],
            first,
            {},
        )
    except RefusedByTheory:
        return None
    used = [gauge for gauge in gauges if gauge.name in fitted.tides]
    tested = max(half, time.size - round(MOST_YEARS * HOURS_PER_YEAR))
    later = time[tested:]
    ahead = np.append(later, later[-1] + np.arange(1, HORIZON_HOURS + 1).astype("timedelta64[h]"))
    tides = np.array([fitted.tides[gauge.name].level(later) for gauge in used])
    neighbour = gauges[1].level - zero_of_neighbour if len(gauges) > 1 else None
    return HindcastData(
        later,
        np.array([gauge.level[tested:] for gauge in used]),
        tides,
        own_tide.level(ahead),
        fitted,
        None if neighbour is None else neighbour[tested:],
        None if neighbour is None else NeighbourRule(time[:half], own[:half], neighbour[:half]),
        half / HOURS_PER_YEAR,
    )


def hindcast_protocol(
    protocol: Protocol, triggered: Sequence[TriggeredAction], data: HindcastData
) -> tuple[Hindcast, ...]:
    """Each phase with working gauges, with an own gauge that fails in storms, and without any forecast."""
    measures = {phase.name: each for each in triggered for phase in each.phases}
    whole = forecast_findings(protocol, data, data.levels)
    conditions: list[tuple[Condition, dict[str, Finding]]] = [
        ("all gauges work", whole),
        ("own gauge fails in storms", with_outages(protocol, data, whole)),
    ]
    if data.neighbour is not None:
        conditions.append(("no forecast at all", {}))
    found = []
    for condition, of_forecast in conditions:
        states = replay_findings(protocol, {**_unknown(protocol, data), **of_forecast}, data.time)
        for phase in protocol.phases:
            if phase.event is None:
                continue
            result = verify(
                states[phase.name].active,
                data.time,
                data.levels[0],
                phase.event,
                needed_hours(phase, protocol, data.time),
                _cost_loss_model(measures[phase.name]),
            )
            level = phase.event.value if phase.event.unit == "m" else math.nan
            found.append(Hindcast(phase.name, condition, FORECAST_SOURCE, data.training_years, result, level))
    return tuple(found)


def confidence_of(hindcasts: Sequence[Hindcast]) -> tuple[Confidence, str]:
    """How far a trigger may be relied on by its hindcast with working gauges, and why, in a sentence.

    *high* and *medium* need ``FEWEST_EVENTS`` past floods, of which 80 and 50 % were hit. Of several phases the worst
    counts: one flood is an event of each.
    """
    tested = [each for each in hindcasts if each.condition == "all gauges work"]
    if not tested:
        return "low", "Its trigger was never tested: no record is long enough."
    years = max(each.result.years for each in tested)
    flooded = [each for each in tested if each.result.hits + each.result.misses]
    if not flooded:
        return "low", f"Its trigger was never tested by a flood: there was none in {years:.1f} years of record."
    worst = min(flooded, key=lambda each: _worst((each.result.hits, each.result.hits + each.result.misses)))
    hits, events = worst.result.hits, worst.result.hits + worst.result.misses
    from_level = "" if math.isnan(worst.level) else f" of {worst.level:.2f} m or more"
    why = f"In the hindcast it was in time for {hits} of {events} flood{'' if events == 1 else 's'}{from_level}"
    if worst.result.false_alarms:
        why += f", and {worst.result.false_alarms} of its {worst.result.calls} calls were without one"
    why += "."
    if events < FEWEST_EVENTS or hits < 0.5 * events:
        return "low", why
    return ("high" if hits >= 0.8 * events else "medium"), why


def evacuation_caveat(protocol: Protocol | None, hindcasts: Sequence[Hindcast]) -> str:
    """What the hindcast says of relying on the forecast for evacuation, in a sentence; empty = nothing against it."""
    phases = [] if protocol is None else [one for one in protocol.phases if one.life_safety and one.instead_of is None]
    if not phases:
        return ""
    results = {one.phase: one.result for one in hindcasts if one.condition == "all gauges work"}
    counts = {
        phase: (results[phase.name].hits, results[phase.name].misses) for phase in phases if phase.name in results
    }
    tested = {phase: (hits, hits + misses) for phase, (hits, misses) in counts.items() if hits + misses}
    if not tested:
        return (
            "No flood in the record tests whether the forecast at hand can carry evacuation: do not rely on it alone,"
            " follow the weather service's warnings."
        )
    phase, (hits, events) = min(tested.items(), key=lambda pair: _worst(pair[1]))
    where = "" if len(phases) == 1 else f" ({phase.label})"
    record = f"in its hindcast it was in time for {hits} of {events} floods{where}"
    if hits < CARRIES * events:
        return (
            f"The forecast at hand cannot carry evacuation: {record}. Do not wait for it: follow the weather service's"
            " warnings."
        )
    if events < FEWEST_EVENTS or hits < events:
        return f"The forecast at hand is no safeguard by itself: {record}. Follow the weather service's warnings too."
    return ""


def _worst(counts: tuple[int, int]) -> tuple[float, int]:
    """Sorts (hits, floods) by the share of hits, and where that is the same, the most floods first."""
    hits, floods = counts
    return hits / floods, -floods


def forecast_findings(protocol: Protocol, data: HindcastData, levels: Floats) -> dict[str, Finding]:
    """Indicator of the forecast → its values over the record, from an ensemble each hour as the watch draws it.

    Hours at which no member can come near any level of the protocol are false without an ensemble. Of uncertain levels
    the lowest ``REACHED`` count for nothing: alone they exceed no probability that a phase starts or ends by.

    Args:
        levels: (S, T) readings [m, region datum]; NaN = not heard.
    """
    indicators = {name: one for name, one in protocol.indicators.items() if one.variable == FORECAST}
    found = {name: _calm(indicator, data.time.size) for name, indicator in indicators.items()}
    _find(found, indicators, protocol, data, levels, slice(0, data.time.size), 0)
    return found


def with_outages(protocol: Protocol, data: HindcastData, whole: Mapping[str, Finding]) -> dict[str, Finding]:
    """The same where the own gauge fails in every second of the highest storms.

    Outside the outages and ``RECOVERY_HOURS`` after them the values of ``whole`` are kept.
    """
    indicators = {name: one for name, one in protocol.indicators.items() if one.variable == FORECAST}
    found = {
        name: replace(one, **{field: getattr(one, field).copy() for field in FIELDS}) for name, one in whole.items()
    }
    levels = drop_storms(data.time, data.levels)
    for start, end in outages(data.time, data.levels[0]):
        first, last = (int(np.searchsorted(data.time, moment)) for moment in (start, end))
        last = min(last + RECOVERY_HOURS, data.time.size)
        for name, indicator in indicators.items():
            calm = _calm(indicator, last - first)
            for field in FIELDS:
                getattr(found[name], field)[first:last] = getattr(calm, field)
        _find(found, indicators, protocol, data, levels, slice(max(first - WARM_UP_HOURS, 0), last), first)
    return found


def _find(
    found: Mapping[str, Finding],
    indicators: Mapping[str, Indicator],
    protocol: Protocol,
    data: HindcastData,
    levels: Floats,
    part: slice,
    first: int,
) -> None:
    """Put the values of the indicators into ``found``, from hour ``first`` on; the filter starts with ``part``."""
    if not indicators:
        return
    lowest = min(float(np.quantile(one.values or (one.value,), REACHED, method="lower")) for one in indicators.values())
    needed = {phase.instead_of.indicator for phase in protocol.phases if phase.instead_of is not None}
    near = (
        (at, stream)
        for at, stream in issued_forecasts(data, levels, lowest, part)
        if at >= first and ((stream.values[0].max(axis=0) >= lowest).mean() > LEAST_SHARE or not np.all(stream.heard))
    )
    while batch := list(islice(near, BATCH)):
        hours, streams = [at for at, _ in batch], join_issues([stream for _, stream in batch])
        for name, indicator in indicators.items():
            values = findings_at_issues(indicator, streams, protocol.night, with_hours=name in needed)
            for field in FIELDS:
                getattr(found[name], field)[hours] = getattr(values, field)


def issued_forecasts(
    data: HindcastData, levels: Floats, lowest: float, part: slice | None = None
) -> Iterator[tuple[int, Stream]]:
    """Position and forecast [m, region datum] at each hour at which the sea may come near ``lowest`` [m].

    So it may where nothing is heard: no hour is calm by silence.

    Args:
        part: of the record; ``None`` = all of it.
    """
    model = data.fitted.model
    hours = data.time.astype("datetime64[h]")
    climate = float(np.sqrt(model.process.climate(1)[0, 0]))
    residuals = levels - data.tides
    may_reach = _may_reach(data, residuals, lowest, climate)
    begin, end, _ = (slice(None) if part is None else part).indices(hours.size)
    for first, last in _blocks(may_reach[begin:end], begin):
        state = initial_sea_state(model, hours[first])
        for at in range(first, last):
            readings = [
                Residual(sensor.stream, hours[at], float(residuals[number, at]))
                for number, sensor in enumerate(model.sensors)
                if np.isfinite(residuals[number, at])
            ]
            state = update_sea_state(state, hours[at], readings)
            mean, spread = state.belief.residual()
            tide = data.tide_ahead[at : at + HORIZON_HOURS + 1]
            highest = tide.max() + max(mean, 0.0) + OUT_OF_REACH * max(climate, spread)
            if may_reach[at] and (highest >= lowest or not state.is_heard):
                ensemble = forecast(state, (), data.fitted.spread_inflation).chances
                yield at, forecast_stream(hours[at], tide + ensemble.residual, state.is_heard)


def _may_reach(data: HindcastData, residuals: Floats, lowest: float, climate: float) -> Mask:
    """(T,) whether the tide of two days, the residual of the last day and the climate's spread come near the level.

    So they may where no gauge was read for hours.
    """
    ahead = np.lib.stride_tricks.sliding_window_view(data.tide_ahead, HORIZON_HOURS + 1).max(axis=1)
    known = np.isfinite(residuals)
    padded = np.concatenate([np.zeros(RECENT_HOURS - 1), np.where(known, residuals, 0.0).max(axis=0)])
    recent = np.lib.stride_tricks.sliding_window_view(padded, RECENT_HOURS).max(axis=1)
    silent = np.concatenate([np.zeros(HEARD_HOURS, dtype=bool), ~known.any(axis=0)])
    unheard = np.lib.stride_tricks.sliding_window_view(silent, HEARD_HOURS + 1).all(axis=1)
    return np.asarray((ahead + np.maximum(recent, 0.0) + OUT_OF_REACH * climate >= lowest) | unheard)


def _blocks(wanted: Mask, offset: int) -> Iterator[tuple[int, int]]:
    """First hour and the hour after the last of each stretch with wanted hours, with the warm-up before them."""
    needed = wanted.copy()
    for before in range(1, WARM_UP_HOURS + 1):
        needed[:-before] |= wanted[before:]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], needed.astype(np.int8), [0]])))
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield offset + first, offset + last


def needed_hours(phase: Phase, protocol: Protocol, time: Times) -> Floats:
    """(T,) time that acting takes when it starts at each time [h]."""
    by_day, at_night = phase.needed_hours
    if protocol.night is None:
        return np.full(time.size, by_day)
    return np.where(protocol.night.includes(time), at_night, by_day)


def drop_storms(time: Times, levels: Floats) -> Floats:
    """(S, T) readings of gauges of which the first fails in every second of the highest storms."""
    kept = levels.copy()
    for start, end in outages(time, levels[0]):
        kept[0, (time >= start) & (time <= end)] = np.nan
    return kept


def outages(time: Times, level: Floats) -> list[Window]:
    """First and last time of the failures of a gauge with this level (T,) [m]."""
    most = max(2, round(STORMS_PER_YEAR * time.size / HOURS_PER_YEAR))
    return [(storm.peak - OUTAGE_BEFORE, storm.peak + OUTAGE_AFTER) for storm in find_storms(time, level, most)[1::2]]


def _calm(indicator: Indicator, count: int) -> Finding:
    """An indicator that is false at every hour."""
    loss = np.nan if indicator.loss is None else -indicator.loss.cost
    return Finding(
        np.zeros(count), np.ones(count, dtype=bool), np.full(count, loss), np.full(count, np.inf), np.ones(count, bool)
    )


def _unknown(protocol: Protocol, data: HindcastData) -> dict[str, Finding]:
    """Every indicator without a forecast: of the neighbour's readings, where there are any."""
    history = {}
    if data.neighbour is not None:
        history[NEIGHBOUR] = Stream.of_readings(pd.Series(data.neighbour, index=pd.DatetimeIndex(data.time)), "m")
    return {name: findings(one, history, data.time, protocol.night) for name, one in protocol.indicators.items()}


def _cost_loss_model(triggered: TriggeredAction) -> CostLossModel | None:
    if triggered.avoidable is None or triggered.measure.cost is None:
        return None
    levels, avoidable = triggered.avoidable
    return CostLossModel(
        triggered.measure.cost.value, lambda peaks: np.interp(peaks, levels, avoidable), PROTECTION_HOURS
    )
