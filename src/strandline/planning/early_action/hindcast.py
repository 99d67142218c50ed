"""Hindcast: a plan's own triggers replayed on the record of its gauge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Times
from strandline.observations.storms import find_storms
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.planning.early_action.derive_triggers import FORECAST, NEIGHBOUR, TriggeredAction, join_protocol
from strandline.planning.early_action.statistical_forecast import fit_statistical_forecast
from strandline.planning.early_action.streams import History, Stream
from strandline.planning.early_action.triggers import replay
from strandline.planning.early_action.verification import CostLossModel, Verification, verify

FORECAST_SOURCE = "own readings and the tide"
EVERY_HOURS = 3
"""Interval between forecasts."""
PROTECTION_HOURS = 48.0
"""Duration of one activation, after which its cost is due again [h]; an assumption."""
STORMS_PER_YEAR = 6.0
"""Highest storms, in every second of which the gauge fails in the hindcast with gauge failures."""
OUTAGE_BEFORE, OUTAGE_AFTER = np.timedelta64(36, "h"), np.timedelta64(24, "h")
"""A failing gauge stops before the storm's peak and is repaired after it; hours about the peak: assumptions."""


@dataclass(frozen=True)
class Hindcast:
    """The hindcast of one phase.

    Attributes:
        gauge_fails: the own gauge fails in every second of the highest storms.
        forecast: source of the forecasts that decide.
        training_years: of record to which the forecast is fitted [a]; the test is on later ones.
    """

    phase: str
    gauge_fails: bool
    forecast: str
    training_years: float
    result: Verification


@dataclass(frozen=True, eq=False)
class HindcastData:
    """The record on which triggers are tested: observations, and the forecasts that would have been issued.

    Attributes:
        time: (T,) UTC, hourly.
        observed: (T,) own water level [m, region datum]; NaN = not observed.
        histories: whether the gauge fails → forecasts and readings by variable.
        training_years: of the record before, to which the forecast is fitted [a].
    """

    time: Times
    observed: Floats
    histories: Mapping[bool, History]
    training_years: float


def prepare_hindcast(
    time: Times, own: Floats, tide: Floats, neighbour: Floats | None, rng: np.random.Generator
) -> HindcastData | None:
    """The second half of a record, with forecasts fitted to the first half; ``None`` where it is too short.

    Args:
        time: (T,) UTC, hourly without a break.
        own: (T,) level of the own gauge [m, region datum]; NaN = not observed.
        tide: (T,) predicted tide with mean sea level [m, region datum].
        neighbour: (T,) the neighbour's level about the own mean sea level [m, region datum]; ``None`` = there is none.
    """
    half = time.size // 2
    try:
        forecast = fit_statistical_forecast(own[:half], tide[:half], rng)
    except RefusedByTheory:
        return None
    time, own, tide = time[half:], own[half:], tide[half:]
    others: History = {}
    if neighbour is not None:
        others = {NEIGHBOUR: Stream.of_readings(pd.Series(neighbour[half:], index=pd.DatetimeIndex(time)), "m")}
    histories = {
        gauge_fails: {FORECAST: forecast.issue(time, level, tide, EVERY_HOURS), **others}
        for gauge_fails, level in ((False, own), (True, drop_storms(time, own)))
    }
    return HindcastData(time, own, histories, half / HOURS_PER_YEAR)


def drop_storms(time: Times, level: Floats) -> Floats:
    """The readings of a gauge that fails in every second of the highest storms; (T,) as ``level``."""
    kept = level.copy()
    most = max(2, round(STORMS_PER_YEAR * time.size / HOURS_PER_YEAR))
    for storm in find_storms(time, level, most)[1::2]:
        kept[(time >= storm.peak - OUTAGE_BEFORE) & (time <= storm.peak + OUTAGE_AFTER)] = np.nan
    return kept


def hindcast_triggers(
    study_area: str, triggered: Sequence[TriggeredAction], data: HindcastData
) -> tuple[Hindcast, ...]:
    """Each phase with a working gauge, and with a gauge that fails in storms."""
    protocol = join_protocol(study_area, triggered)
    if protocol is None:
        return ()
    found = []
    for gauge_fails, history in data.histories.items():
        states = replay(protocol, history, data.time)
        for each in triggered:
            result = verify(
                states[each.phase.name].active,
                data.time,
                data.observed,
                each.event,
                each.measure.lead_window_hours[0],
                _cost_loss_model(each),
            )
            found.append(Hindcast(each.phase.name, gauge_fails, FORECAST_SOURCE, data.training_years, result))
    return tuple(found)


def _cost_loss_model(triggered: TriggeredAction) -> CostLossModel | None:
    if triggered.avoidable is None or triggered.measure.cost is None:
        return None
    levels, avoidable = triggered.avoidable
    return CostLossModel(
        triggered.measure.cost.value, lambda peaks: np.interp(peaks, levels, avoidable), PROTECTION_HOURS
    )
