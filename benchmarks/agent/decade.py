"""A decade of decisions: what the agent's are worth beside those of simpler rules, while streams live and fail."""

import time as clock
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.agent.coasts import GAUGES, SERVICE, STORMS, STREAMS, Coast
from benchmarks.record import Value
from strandline.distillation.training.loop import Progress
from strandline.observations.arrays import Floats, Mask
from strandline.observations.storms import find_storms
from strandline.planning.actions import ActionParameters
from strandline.planning.early_action.hindcast import PROTECTION_HOURS
from strandline.planning.early_action.protocol import Event
from strandline.planning.early_action.verification import Stakes, Verification, verify
from strandline.watch.assimilation.ensemble import HORIZON_HOURS
from strandline.watch.assimilation.filter import Residual
from strandline.watch.decision_rules import (
    STOP_HOURS,
    AgentConfig,
    decide,
    forecast,
    initial_state,
    levels_of,
    update_belief,
)

ACTIONS = (
    ("activate_pumps", 1.0, 0.1),
    ("close_floodgates", 3.0, 0.1),
    ("deploy_sandbags", 6.0, 0.2),
    ("evacuate_low_lying_areas", 12.0, 0.05),
)
"""Action, hours that it takes, and its cost over the loss that it avoids [-]."""
DEAD_BEFORE, DEAD_AFTER = 36, 24
"""Hours about a storm's peak in which failing streams are silent."""
MARGINS = (-0.3, -0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2)
"""Below the event's level, of which simple rules choose the best in the first decade [m]."""
HOPELESS = 6.0
"""Standard deviations of the climate between the belief and an event that is out of reach: nothing is drawn then."""
WARM_UP = 72
LEADS_SCORED = 25
Forecast = Callable[[int], Floats]


@dataclass(frozen=True, eq=False)
class Lived:
    """What the agent did: (A, T) of the second decade, and how its bounds held in storms."""

    active: Mask
    covered: int
    scored: int
    seconds: float

    @property
    def coverage(self) -> float:
        return self.covered / self.scored if self.scored else float("nan")


def failing(coast: Coast, rng: np.random.Generator, share: float = 0.5) -> Mask:
    """(4, T) which streams are silent: in every storm of the second decade another half of them."""
    dead = np.zeros((len(STREAMS), coast.time.size), dtype=bool)
    for peak in storm_peaks(coast):
        chosen = rng.permutation(len(STREAMS))[: round(share * len(STREAMS))]
        dead[chosen, peak - DEAD_BEFORE : peak + DEAD_AFTER] = True
    return dead


def storm_peaks(coast: Coast) -> list[int]:
    """Positions of the second decade's highest storms."""
    part = slice(coast.first + 200, coast.time.size - 200)
    storms = find_storms(coast.time[part], coast.level[part], STORMS)
    return [int(np.searchsorted(coast.time, storm.peak)) for storm in storms]


def config_of(coast: Coast) -> AgentConfig:
    """Actions that cost a share of a loss of 1 and avoid all of it."""
    start = coast.time[0].astype("datetime64[h]")
    stakes = tuple(
        ActionParameters(
            action=name, life_safety=False, classes=(), where=(), lead_window_hours=(hours, float(HORIZON_HOURS)),
            response="Execute", level=coast.event_level, cost=(ratio, ratio, ratio),
            levels=(coast.event_level - 1, coast.event_level + 1), avoidable_loss=(1.0, 1.0),
        )
        for name, hours, ratio in ACTIONS
    )  # fmt: skip
    return AgentConfig(
        coast.model,
        coast.spread_inflation,
        dict.fromkeys(GAUGES, lambda moments: coast.tide[((moments - start) / np.timedelta64(1, "h")).astype(int)]),
        stakes,
    )


def live(coast: Coast, dead: Mask, progress: Progress | None = None) -> Lived:
    """The second decade, hour by hour.

    Args:
        dead: (4, T) which streams say nothing; a service that is dead issues nothing new, and its last issue grows old.
    """
    config, began = config_of(coast), clock.perf_counter()
    sources = {source.stream: source for source in coast.sources}
    first, last = coast.first, coast.time.size - HORIZON_HOURS - 1
    hours = coast.time.astype("datetime64[h]")
    climate = float(np.sqrt(coast.model.process.climate(1)[0, 0]))
    near = np.zeros(coast.time.size, dtype=bool)
    for peak in storm_peaks(coast):
        near[peak - DEAD_BEFORE : peak + DEAD_AFTER : 3] = True
    state = initial_state(config, hours[first - WARM_UP])
    active = np.zeros((len(ACTIONS), last - first), dtype=bool)
    covered = scored = 0
    for at in range(first - WARM_UP + 1, last):
        readings = [
            Residual(name, hours[at], float(coast.residuals[number, at]))
            for number, name in enumerate(GAUGES)
            if not dead[number, at]
        ]
        said = None if dead[STREAMS.index(SERVICE), at] else coast.service_forecast(at)
        state = update_belief(state, hours[at], readings, has_forecast=said is not None)
        if at < first:
            continue
        mean, spread = state.belief.residual()
        highest = coast.tide[at : at + HORIZON_HOURS + 1].max() + max(mean, 0.0) + HOPELESS * climate + 3 * spread
        foretold = -np.inf if said is None else float((coast.tide[at + said.leads] + said.mean + 3 * said.spread).max())
        runs = any(action.active for action in state.actions.values())
        if not (near[at] or runs or max(highest, foretold) >= coast.event_level):
            continue
        guidance = None if said is None else sources[SERVICE].guidance_from(said)
        ensemble = forecast(config, state, [] if guidance is None else [guidance])
        state, _ = decide(config, state, ensemble)
        active[:, at - first] = [state.actions[name].active for name, _, _ in ACTIONS]
        if near[at]:
            low, high = np.quantile(levels_of(config, ensemble)[:, :LEADS_SCORED], (0.05, 0.95), axis=0)
            came = coast.level[at : at + LEADS_SCORED]
            covered += int(((low <= came) & (came <= high)).sum())
            scored += LEADS_SCORED
        if progress is not None and at % 100 == 0:
            progress((at - first) / (last - first))
    return Lived(active, covered, scored, clock.perf_counter() - began)


def by_threshold(coast: Coast, dead: Mask) -> Mask:
    """(A, T) acting when the own gauge reads a level; which, was best in the first decade."""
    own = np.where(dead[0], np.nan, coast.tide + coast.residuals[0])
    return _best_rule(coast, own, own)


def by_last_value(coast: Coast, dead: Mask) -> Mask:
    """(A, T) acting when tide and the last heard residual reach a level in time; how far below, was best likewise."""
    heard = np.where(dead[0], np.nan, coast.residuals[0])
    known = np.maximum.accumulate(np.where(np.isnan(heard), -1, np.arange(heard.size)))
    last = np.where(known >= 0, heard[np.maximum(known, 0)], 0.0)
    tides = np.lib.stride_tricks.sliding_window_view(
        np.append(coast.tide, np.full(HORIZON_HOURS, -np.inf)), HORIZON_HOURS + 1
    )
    found = []
    for number, (_, hours, _) in enumerate(ACTIONS):
        first = int(hours)
        ahead = tides[:, first : first + 13].max(axis=1) + last
        found.append(_best_rule(coast, ahead, tides[:, : first + 13].max(axis=1) + last)[number])
    return np.stack(found)


def _best_rule(coast: Coast, starts: Floats, stays: Floats) -> Mask:
    """(A, T) on when ``starts`` reaches a level, off when ``stays`` was below it for a tide; NaN changes nothing."""
    first = slice(0, coast.first)
    found = []
    for number in range(len(ACTIONS)):
        rules = [_switch(starts, stays, coast.event_level - margin) for margin in MARGINS]
        spent = [expense(judge(coast, rule[first], first, number)) for rule in rules]
        found.append(rules[int(np.argmin(spent))])
    return np.stack(found)


def _switch(starts: Floats, stays: Floats, level: float) -> Mask:
    active = np.zeros(starts.size, dtype=bool)
    on, calm = False, 0
    for hour, (start, stay) in enumerate(zip((starts >= level).tolist(), (stays < level).tolist(), strict=True)):
        on = on or start
        calm = calm + 1 if on and stay else 0
        if calm >= STOP_HOURS:
            on, calm = False, 0
        active[hour] = on
    return active


def judge(coast: Coast, active: Mask, part: slice, number: int) -> Verification:
    """What one action's course was worth."""
    _, hours, ratio = ACTIONS[number]
    event = Event(variable="water_level", operator=">=", value=float(coast.event_level), unit="m")
    stakes = Stakes(ratio, lambda peaks: np.ones(peaks.size), PROTECTION_HOURS)
    return verify(active, coast.time[part], coast.level[part], event, hours, stakes)


def expense(result: Verification) -> float:
    assert result.expenses is not None
    return result.expenses.decided


def rows_of(
    coast: Coast, seed: int, condition: str, policy: str, active: Mask, lived: Lived | None
) -> list[dict[str, Value]]:
    """A row an action."""
    part = slice(coast.first, coast.first + active.shape[1])
    rows: list[dict[str, Value]] = []
    for number, (name, _, ratio) in enumerate(ACTIONS):
        result = judge(coast, active[number], part, number)
        assert result.expenses is not None
        spent = result.expenses
        rows.append({
            "scenario": coast.name, "condition": condition, "policy": policy, "seed": seed, "action": name,
            "cost_loss": ratio, "relative_value": spent.relative_value,
            "coverage_90": None if lived is None else lived.coverage,
            "hits": result.hits, "misses": result.misses, "false_alarms": result.false_alarms,
            "lead_h": result.lead_hours, "expense": spent.decided, "expense_perfect": spent.perfect,
            "expense_climate": min(spent.never, spent.always),
            "steps_per_s": None if lived is None else active.shape[1] / lived.seconds,
        })  # fmt: skip
    return rows


def simple_policies(coast: Coast, dead: Mask) -> Mapping[str, Mask]:
    """The sceptic's rules over the second decade, and the two that need no information."""
    hours = coast.time.size - HORIZON_HOURS - 1 - coast.first
    part = slice(coast.first, coast.first + hours)
    nothing = np.zeros((len(ACTIONS), hours), dtype=bool)
    return {
        "gauge_threshold": by_threshold(coast, dead)[:, part],
        "last_value": by_last_value(coast, dead)[:, part],
        "always": ~nothing,
        "never": nothing,
    }


def pooled_value(rows: Sequence[Mapping[str, Value]]) -> float:
    """Relative value [-] of the expenses of all rows together (Richardson 2000, eq. 7)."""
    spent, perfect, climate = (
        sum(float(str(row[key])) for row in rows) for key in ("expense", "expense_perfect", "expense_climate")
    )
    return (climate - spent) / (climate - perfect)
