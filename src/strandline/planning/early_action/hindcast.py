"""How a plan's own triggers would have fared in the record of its place."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Times
from strandline.observations.storms import find_storms
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.planning.early_action.derive_triggers import FORECAST, NEIGHBOUR, TriggeredAction, join_protocol
from strandline.planning.early_action.statistical_forecast import fit_statistical_forecast
from strandline.planning.early_action.triggers import History, Stream, replay
from strandline.planning.early_action.verification import Stakes, Verification, verify

EVERY_HOURS = 3
"""Between forecasts."""
PROTECTION_HOURS = 48.0
"""How long one activation lasts before its cost falls due again [h]; an assumption."""
STORMS_A_YEAR = 6.0
"""Of which every second one silences the gauge, where streams are to die."""
SILENCE_BEFORE, SILENCE_AFTER = np.timedelta64(36, "h"), np.timedelta64(24, "h")
"""A gauge that dies does so as the storm comes, and is mended when it has gone; hours about the peak: assumptions."""


@dataclass(frozen=True)
class Hindcast:
    """The back-test of one phase.

    Attributes:
        gauge_fails: the own gauge fell silent in every second of the highest storms.
        forecast: whose forecasts decided.
        training_years: that the forecaster learnt from [a]; the test is on later ones.
    """

    phase: str
    gauge_fails: bool
    forecast: str
    training_years: float
    result: Verification


@dataclass(frozen=True, eq=False)
class HindcastData:
    """A record of the sea to test triggers on: what happened, and what would have been known.

    Attributes:
        time: (T,) UTC, hourly.
        observed: (T,) own water level [m, region datum]; NaN = not observed.
        histories: whether streams die → what was said.
        training_years: of the record before, from which the forecasts were learnt [a].
    """

    time: Times
    observed: Floats
    histories: Mapping[bool, History]
    training_years: float


def prepare_hindcast(
    time: Times, own: Floats, tide: Floats, neighbour: Floats | None, rng: np.random.Generator
) -> HindcastData | None:
    """The second half of a record, with the forecasts that the first half teaches; ``None`` where it is too short.

    Args:
        time: (T,) UTC, hourly without a break.
        own: (T,) level of the own gauge [m, region datum]; NaN = not observed.
        tide: (T,) predicted tide with mean sea level [m, region datum].
        neighbour: (T,) the neighbour's level about the own mean sea level [m, region datum]; ``None`` = there is none.
    """
    half = time.size // 2
    try:
        forecaster = fit_statistical_forecast(own[:half], tide[:half], rng)
    except RefusedByTheory:
        return None
    time, own, tide = time[half:], own[half:], tide[half:]
    others: History = {}
    if neighbour is not None:
        others = {NEIGHBOUR: Stream.of_readings(pd.Series(neighbour[half:], index=pd.DatetimeIndex(time)), "m")}
    histories = {
        dies: {FORECAST: forecaster.forecast(time, level, tide, EVERY_HOURS), **others}
        for dies, level in ((False, own), (True, silence_storms(time, own)))
    }
    return HindcastData(time, own, histories, half / HOURS_PER_YEAR)


def silence_storms(time: Times, level: Floats) -> Floats:
    """The readings of a gauge that dies in every second of the highest storms; (T,) as ``level``."""
    heard = level.copy()
    most = max(2, round(STORMS_A_YEAR * time.size / HOURS_PER_YEAR))
    for storm in find_storms(time, level, most)[1::2]:
        heard[(time >= storm.peak - SILENCE_BEFORE) & (time <= storm.peak + SILENCE_AFTER)] = np.nan
    return heard


def hindcast_triggers(place: str, operations: list[TriggeredAction], past: HindcastData) -> tuple[Hindcast, ...]:
    """Each phase with all streams alive, and with a gauge that dies in storms."""
    protocol = join_protocol(place, operations)
    if protocol is None:
        return ()
    found = []
    for dies, history in past.histories.items():
        courses = replay(protocol, history, past.time)
        for operation in operations:
            phase = operation.phase
            assert phase.event is not None
            result = verify(
                courses[phase.name].active,
                past.time,
                past.observed,
                phase.event,
                operation.measure.lead_window_hours[0],
                _stakes(operation),
            )
            found.append(Hindcast(phase.name, dies, "own readings and the tide", past.training_years, result))
    return tuple(found)


def _stakes(operation: TriggeredAction) -> Stakes | None:
    if operation.avoidable is None or operation.measure.cost is None:
        return None
    levels, avoidable = operation.avoidable
    return Stakes(operation.measure.cost.value, lambda peaks: np.interp(peaks, levels, avoidable), PROTECTION_HOURS)
