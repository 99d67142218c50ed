"""The watch over the test of a gauge's record, hour by hour: its values of acting, and its alarms at any chance."""

from collections.abc import Iterator
from dataclasses import dataclass

import numba
import numpy as np

from benchmarks.agent.alarms.gauges import Gauge
from strandline.observations.arrays import Floats, Mask
from strandline.planning.actions import ActionParameters
from strandline.planning.early_action.action_value import STOP_HOURS, value_of_acting
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS
from strandline.uncertainty.assimilation.filter import Residual
from strandline.watch.agent_state import AgentState, initial_state, update_belief
from strandline.watch.decision_rules import STOP_RATIO, AgentConfig, forecast, levels_of

WARM_UP = 72
LEADS_SCORED = 25
STORM_EVERY, CALM_EVERY = 3, 25
"""Hours between scored ensembles [h]; 25 visits every hour of the day."""
REACH = 2.5
"""Standard deviations of the inflated climate between belief and event level beyond which no ensemble is drawn: there
the chance is below any that starts or keeps an alarm."""


@dataclass(frozen=True)
class Task:
    """An event level with the time that an action needs before it.

    Attributes:
        often: events a year of the level; ``level``: [m]; ``lead_hours``: needed [h].
    """

    often: float
    level: float
    lead_hours: float

    def action_at(self, cost: float) -> ActionParameters:
        """An action that costs this share of the loss that it avoids; at 1 its value is the probability of an event."""
        return ActionParameters(
            action=f"{self.often:g} a year, {self.lead_hours:g} h", life_safety=False, classes=(), where=(),
            lead_window_hours=(self.lead_hours, float(HORIZON_HOURS)), response="Execute", level=self.level,
            cost=(cost, cost, cost), levels=(self.level - 1, self.level + 1), avoidable_loss=(1.0, 1.0),
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Watched:
    """A watch over the test of a record.

    Attributes:
        start: (K, T) probability that starts each task's action; ``ongoing``: (K, T) that keeps it up [-].
        has_no_data: (T,) nothing starts or stops.
        covered, scored, width: of the 90 % bounds at leads 0 to 24 h, calm and in storms; ``width``: sum [m].
        drawn: number of ensembles.
    """

    start: Floats
    ongoing: Floats
    has_no_data: Mask
    covered: tuple[int, int]
    scored: tuple[int, int]
    width: tuple[float, float]
    drawn: int


def config_of(gauge: Gauge, actions: tuple[ActionParameters, ...] = ()) -> AgentConfig:
    """The watch of a gauge."""
    begin = gauge.time[0].astype("datetime64[h]")
    names = [sensor.stream for sensor in gauge.model.sensors]
    return AgentConfig(
        gauge.model,
        gauge.spread_inflation,
        dict.fromkeys(names, lambda moments: gauge.tide[((moments - begin) / np.timedelta64(1, "h")).astype(int)]),
        actions,
    )


def watch(gauge: Gauge, tasks: tuple[Task, ...]) -> Watched:
    """Run the watch over the test of a record."""
    config, actions = config_of(gauge), [task.action_at(1.0) for task in tasks]
    first, last = gauge.first, gauge.time.size
    in_storm, lowest, level = gauge.in_storm(), min(task.level for task in tasks), gauge.level
    start, ongoing = np.zeros((2, len(tasks), last - first))
    no_data = np.zeros(last - first, dtype=bool)
    covered, scored, width, drawn = [0, 0], [0, 0], [0.0, 0.0], 0
    for at, state in hourly_beliefs(gauge, config):
        here = at - first
        no_data[here] = state.has_no_data
        is_scored = here % CALM_EVERY == 0 or (in_storm[at] and here % STORM_EVERY == 0)
        is_scored = is_scored and at + LEADS_SCORED <= last
        if not (is_scored or highest_in_reach(gauge, at, state) >= lowest):
            continue
        levels, drawn = levels_of(config, forecast(config, state)), drawn + 1
        for number, action in enumerate(actions):
            value = value_of_acting(action, levels, deferral_hours=config.deferral_hours)
            start[number, here], ongoing[number, here] = value.ratio, value.ongoing_ratio
        if is_scored:
            observed = level[at : at + LEADS_SCORED]
            known = np.isfinite(observed)
            low, high = np.quantile(levels[:, :LEADS_SCORED][:, known], (0.05, 0.95), axis=0)
            weather = int(in_storm[at])
            covered[weather] += int(((low <= observed[known]) & (observed[known] <= high)).sum())
            scored[weather] += int(known.sum())
            width[weather] += float((high - low).sum())
    return Watched(
        start, ongoing, no_data, (covered[0], covered[1]), (scored[0], scored[1]), (width[0], width[1]), drawn
    )


def hourly_beliefs(gauge: Gauge, config: AgentConfig) -> Iterator[tuple[int, AgentState]]:
    """Position and state at each hour of the test."""
    hours = gauge.time.astype("datetime64[h]")
    state = initial_state(config.model, hours[gauge.first - WARM_UP])
    for at in range(gauge.first - WARM_UP + 1, gauge.time.size):
        readings = [
            Residual(sensor.stream, hours[at], float(gauge.residuals[number, at]))
            for number, sensor in enumerate(gauge.model.sensors)
            if np.isfinite(gauge.residuals[number, at])
        ]
        state = update_belief(state, hours[at], readings)
        if at >= gauge.first:
            yield at, state


def highest_in_reach(gauge: Gauge, at: int, state: AgentState) -> float:
    """Highest level of the next two days that the watch may still hold possible [m]."""
    mean, spread = state.belief.residual()
    climate = float(np.sqrt(gauge.model.process.climate(1)[0, 0]))
    widest = float(max(gauge.spread_inflation.with_own_gauge.max(), gauge.spread_inflation.without_own_gauge.max()))
    tide = float(gauge.tide[at : at + HORIZON_HOURS + 1].max())
    return tide + max(mean, 0.0) + REACH * widest * (climate + spread)


def alarms(watched: Watched, number: int, chance: float) -> Mask:
    """(T,) hours in alarm of one task at an agreed chance, or at a cost over loss [-]."""
    return np.asarray(
        _switch(
            watched.start[number] / chance > 1, watched.ongoing[number] / chance < STOP_RATIO, watched.has_no_data,
            STOP_HOURS,
        )
    )  # fmt: skip


@numba.njit(cache=True)
def _switch(starts: Mask, is_calm: Mask, no_data: Mask, stop_hours: int) -> Mask:
    """(T,) on from a start until so many hours of calm; without data nothing changes."""
    active = np.zeros(starts.size, dtype=np.bool_)
    on, calm = False, 0
    for hour in range(starts.size):
        if not no_data[hour]:
            if not on:
                on, calm = starts[hour], 0
            else:
                calm = calm + 1 if is_calm[hour] else 0
                if calm >= stop_hours:
                    on, calm = False, 0
        active[hour] = on
    return active
