"""From hazard levels to triggers: the sea level at which acting is worth more than it costs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from strandline.planning.event_damage import EventDamage
from strandline.planning.measures import OperationalMeasure
from strandline.planning.triggers import DegradedRule, StopRule, Trigger
from strandline.risk.hazard import Hazard

INDICATOR, FALLBACK = "forecast_water_level_p50", "neighbour_water_level"
PROBABILITY = 0.5
"""Chance that the sea reaches the level whose forecast median reaches it."""
HYSTERESIS = 0.2
"""How far below the start value the stop value lies [m]; an assumption, wider than a usual forecast's jitter."""
STOP_HOURS = 13.0
"""A whole tide (12.4 h) and a little, so that low water in between does not stop an action."""
SILENCE_HOURS = 6.0
"""A reading older than this decides nothing; an assumption: half a tide."""
CAUTION = 0.2
"""How much earlier a neighbour's gauge starts the action [m]; an assumption."""


@dataclass(frozen=True)
class Operation:
    """An operational measure with the trigger that starts it; ``avoided_loss`` is per event at the trigger's level."""

    measure: OperationalMeasure
    trigger: Trigger
    avoided_loss: tuple[float, float, float] | None


def derive_operations(
    hazard: Hazard,
    damage: EventDamage | None,
    measures: Sequence[OperationalMeasure],
    rng: np.random.Generator,
) -> tuple[list[Operation], list[str]]:
    """Triggers for the measures that are worth it, and a sentence for each that is not.

    A measure that costs money starts at the lowest level at which probability · avoidable loss exceeds its cost
    (cost-loss rule: Murphy 1977, Monthly Weather Review 105, 803-816). A measure for lives starts at the level that
    first floods the classes it is for, whatever it costs.

    Args:
        damage: of single events; ``None`` where no asset is known, so that only measures for lives remain.
    """
    operations: list[Operation] = []
    remarks: list[str] = []
    for measure in measures:
        found = _for_lives(measure, hazard, damage) if measure.life_safety else _for_money(measure, hazard, damage, rng)
        if isinstance(found, Operation):
            operations.append(found)
        else:
            remarks.append(found)
    return operations, remarks


def _for_lives(measure: OperationalMeasure, hazard: Hazard, damage: EventDamage | None) -> Operation | str:
    levels = np.median(hazard.levels, axis=0)
    place = 0
    where: tuple[str, ...] = ()
    if damage is not None and measure.classes:
        wet = [
            tuple(name for kind in measure.classes for name in damage.flooded.get(kind, ((),) * levels.size)[period])
            for period in range(levels.size)
        ]
        if not any(wet):
            return (
                f"{measure.title}: nothing that it is for floods at any return period up to {_longest(hazard)} years."
            )
        place = next(period for period, names in enumerate(wet) if names)
        where = wet[place]
    reached = f"reached once in {hazard.return_periods[place]:g} years"
    why = f"For lives, not for money: the level {reached}" + (f" floods {len(where)} of them." if where else ".")
    return Operation(measure, _trigger(measure, float(levels[place]), where, why), None)


def _for_money(
    measure: OperationalMeasure, hazard: Hazard, damage: EventDamage | None, rng: np.random.Generator
) -> Operation | str:
    assert measure.cost is not None
    assert measure.avoided_share is not None
    if damage is None:
        return f"{measure.title}: cannot be weighed without known assets."
    share, cost = measure.avoided_share, measure.cost.value
    grid = np.linspace(damage.levels[0], damage.levels[-1], 201)
    avoidable = [share.value * float(np.median(damage.at_level(measure.classes, level))) for level in grid]
    worth = PROBABILITY * np.asarray(avoidable) > cost
    if not worth.any():
        return (
            f"{measure.title}: costs EUR {cost:,.0f} an event and at best avoids EUR {max(avoidable):,.0f}"
            f" with a chance of {PROBABILITY:g}; no trigger up to {_longest(hazard)}-year levels."
        )
    level = float(grid[int(np.argmax(worth))])
    drawn = rng.uniform(share.low, share.high, len(hazard.levels)) * damage.at_level(measure.classes, level)
    low, middle, high = (float(q) for q in np.quantile(drawn, [0.1, 0.5, 0.9]))
    lowest = " or lower (the hazard knows no lower one)" if worth[0] else ""
    why = (
        f"From {level:.2f} m{lowest}, {PROBABILITY:g} x avoidable loss (EUR {avoidable[int(np.argmax(worth))]:,.0f})"
        f" exceeds the cost of EUR {cost:,.0f}."
    )
    return Operation(measure, _trigger(measure, level, (), why), (low, middle, high))


def _trigger(measure: OperationalMeasure, level: float, where: tuple[str, ...], why: str) -> Trigger:
    return Trigger(
        name=f"{measure.key}_trigger",
        indicator=INDICATOR,
        operator=">=",
        value=level,
        unit="m",
        lead_window_hours=measure.lead_window_hours,
        action=measure.key,
        stop=StopRule(level - HYSTERESIS, STOP_HOURS),
        degraded=DegradedRule(
            after_hours=SILENCE_HOURS,
            fallback_indicator=FALLBACK,
            fallback_value=level - CAUTION,
            prior="act as if the level were reached while a storm warning of the weather service is in force",
            decided_by="the duty officer",
        ),
        where=where,
        why=why,
    )


def _longest(hazard: Hazard) -> str:
    return f"{hazard.return_periods[-1]:g}"
