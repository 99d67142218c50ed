"""Hindcast: a plan's own protocol on the record of its gauge, by the filter and the rule that the watch runs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

import numpy as np
import pandas as pd

from strandline.observations.arrays import Floats, Times
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.observations.weather.storms import Window, find_storms
from strandline.planning.actions import Confidence
from strandline.planning.early_action.derive_triggers import TriggeredAction
from strandline.planning.early_action.hindcast.issued_forecasts import issued_forecasts
from strandline.planning.early_action.hindcast.record import HindcastData
from strandline.planning.early_action.indicators import Finding, findings, findings_at_issues
from strandline.planning.early_action.protocol import Indicator, Phase, Protocol
from strandline.planning.early_action.streams import Stream, join_issues
from strandline.planning.early_action.trigger_constants import FORECAST, NEIGHBOUR, REACHED
from strandline.planning.early_action.triggers import replay_findings
from strandline.planning.early_action.verification import CostLossModel, Verification, verify
from strandline.uncertainty.assimilation.inflation_fit import WARM_UP_HOURS

Condition = Literal["all gauges work", "own gauge fails in storms", "no forecast at all"]
PROTECTION_HOURS = 48.0
"""Duration of one activation, after which its cost is due again [h]; an assumption."""
STORMS_PER_YEAR = 6.0
"""Highest storms, in every second of which the gauge fails in the hindcast with gauge failures."""
FEWEST_EVENTS = 5
"""Past events below which a hindcast proves little."""
OUTAGE_BEFORE, OUTAGE_AFTER = np.timedelta64(36, "h"), np.timedelta64(24, "h")
"""A failing gauge stops before the storm's peak and is repaired after it; hours about the peak: assumptions."""
CARRIES = 0.5
"""Share of past floods before which an evacuation must have started in time for the forecast to carry it [-]."""
RECOVERY_HOURS = 48
"""Time after an outage in which the forecast still differs from the one without it [h]."""
FIELDS = ("verdict", "margin", "hours_until", "is_heard")
LEAST_SHARE = 0.01
"""Share of the members that come up to the lowest level below which no indicator can be true [-]."""
BATCH = 24
"""Forecasts that the indicators are found of at once."""


@dataclass(frozen=True)
class EvacuationTrial:
    """How the forecast would have served evacuation in past floods.

    Attributes:
        in_time: floods before which people were called in time, of ``floods``.
        phase: label of the phase that did worst; empty = the only one.
    """

    verdict: Literal["untested", "cannot carry", "no safeguard", "carries"]
    in_time: int
    floods: int
    phase: str = ""


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
            found.append(Hindcast(phase.name, condition, data.source, data.training_years, result, level))
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


def try_evacuation(protocol: Protocol | None, hindcasts: Sequence[Hindcast]) -> EvacuationTrial | None:
    """What the hindcast says of relying on the forecast for evacuation, by the phase that does worst.

    ``None`` = the protocol evacuates nobody.
    """
    phases = [] if protocol is None else [one for one in protocol.phases if one.life_safety and one.instead_of is None]
    if not phases:
        return None
    results = {one.phase: one.result for one in hindcasts if one.condition == "all gauges work"}
    counts = {
        phase: (results[phase.name].hits, results[phase.name].misses) for phase in phases if phase.name in results
    }
    tested = {phase: (hits, hits + misses) for phase, (hits, misses) in counts.items() if hits + misses}
    if not tested:
        return EvacuationTrial("untested", 0, 0)
    phase, (hits, events) = min(tested.items(), key=lambda pair: _worst(pair[1]))
    where = "" if len(phases) == 1 else phase.label
    if hits < CARRIES * events:
        return EvacuationTrial("cannot carry", hits, events, where)
    is_enough = events >= FEWEST_EVENTS and hits == events
    return EvacuationTrial("carries" if is_enough else "no safeguard", hits, events, where)


def evacuation_caveat(protocol: Protocol | None, hindcasts: Sequence[Hindcast]) -> str:
    """What the hindcast says of relying on the forecast for evacuation, in a sentence; empty = nothing against it."""
    trial = try_evacuation(protocol, hindcasts)
    if trial is None or trial.verdict == "carries":
        return ""
    if trial.verdict == "untested":
        return (
            "No flood in the record tests whether the forecast at hand can carry evacuation: do not rely on it alone,"
            " follow the weather service's warnings."
        )
    where = f" ({trial.phase})" if trial.phase else ""
    record = f"in its hindcast it was in time for {trial.in_time} of {trial.floods} floods{where}"
    if trial.verdict == "cannot carry":
        return (
            f"The forecast at hand cannot carry evacuation: {record}. Do not wait for it: follow the weather service's"
            " warnings."
        )
    return f"The forecast at hand is no safeguard by itself: {record}. Follow the weather service's warnings too."


def untested_caveat(protocol: Protocol | None) -> str:
    """That no record tests the triggers before floods of rain and rivers, in a sentence; empty = they count none."""
    if protocol is None or all(one.danger is None for one in protocol.indicators.values()):
        return ""
    return (
        "How the triggers do before floods of rain and rivers could not be tested: the hindcast knows the sea alone."
        " Follow the weather service's warnings of rain and rivers too."
    )


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
        hours, streams = np.array([at for at, _ in batch]), join_issues([stream for _, stream in batch])
        highest = streams.values.max(axis=(1, 2))
        for name, indicator in indicators.items():
            calm = (highest < _lowest_level(indicator)) & streams.is_heard  # as `_calm` says
            if calm.all():
                continue
            values = findings_at_issues(indicator, streams.only(~calm), protocol.night, with_hours=name in needed)
            for field in FIELDS:
                getattr(found[name], field)[hours[~calm]] = getattr(values, field)


def _lowest_level(indicator: Indicator) -> float:
    """Level [m] below which no member counts; −∞ where low ones do."""
    return min(indicator.values or (indicator.value,)) if indicator.operator[0] == ">" else -math.inf


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
