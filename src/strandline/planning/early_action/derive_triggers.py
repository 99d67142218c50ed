"""From hazard levels to a protocol: the sea levels and chances at which acting is worth more than it costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats
from strandline.planning.early_action.cost_loss import lowest_levels
from strandline.planning.early_action.protocol import DegradedRule, Event, Indicator, Phase, Protocol, StopRule
from strandline.planning.measures import OperationalMeasure
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.stage_damage.by_asset_class import StageDamageByClass

FORECAST, NEIGHBOUR = "forecast_water_level", "neighbour_water_level"
PROBABILITIES = (0.8, 0.5, 0.2)
"""Chances [-] for which the level worth acting on is sought; an assumption: as many as people keep apart."""
PROBABILITY_FOR_LIVES = 0.2
"""Of the level that first floods what a measure for lives is for; an assumption: four false alarms for one flood."""
HYSTERESIS = 0.2
"""How far below the lowest start value the stop value lies [m]; an assumption, wider than a usual forecast's jitter."""
STOP_HOURS = 13.0
"""A whole tide (12.4 h) and a little, so that low water in between does not stop an action."""
SILENCE_HOURS = 6.0
"""After so long without a decision the neighbour is asked; an assumption: half a tide."""
VALID_HOURS = 6.0
"""How long a forecast or a neighbour's reading counts; an assumption: half a tide."""
CAUTION = 0.2
"""How much below the event's level a neighbour's reading starts the action [m]; an assumption."""
PRIOR = "act as if the level were reached while a storm warning of the weather service is in force"


@dataclass(frozen=True, eq=False)
class TriggeredAction:
    """An operational measure with the phase that starts it.

    Attributes:
        indicators: name → what the phase's expressions ask.
        avoided_loss: p10, p50, p90 per event of the phase's level; ``None`` = not counted in money.
        avoidable: levels [m] and the median loss that acting avoids there [EUR 2010]; ``None`` likewise.
    """

    measure: OperationalMeasure
    phase: Phase
    indicators: Mapping[str, Indicator]
    avoided_loss: tuple[float, float, float] | None
    avoidable: tuple[Floats, Floats] | None


def derive_operations(
    hazard: Hazard,
    damage: StageDamageByClass | None,
    measures: Sequence[OperationalMeasure],
    rng: np.random.Generator,
) -> tuple[list[TriggeredAction], list[str]]:
    """Phases for the measures that are worth it, and a sentence for each that is not.

    A measure that costs money starts when for some chance of ``PROBABILITIES`` the forecast exceeds it at the lowest
    level at which probability · avoidable loss exceeds its cost (cost-loss rule, ``cost_loss.lowest_levels``). A
    measure for lives starts on a chance of the level that first floods the classes it is for, whatever it costs.

    Args:
        damage: of single events; ``None`` where no asset is known, so that only measures for lives remain.
    """
    operations: list[TriggeredAction] = []
    remarks: list[str] = []
    for measure in measures:
        found = _for_lives(measure, hazard, damage) if measure.life_safety else _for_money(measure, hazard, damage, rng)
        if isinstance(found, TriggeredAction):
            operations.append(found)
        else:
            remarks.append(found)
    return operations, remarks


def join_protocol(place: str, operations: Sequence[TriggeredAction]) -> Protocol | None:
    """One protocol of all operations; ``None`` without any."""
    if not operations:
        return None
    return Protocol(
        title=f"Early action at {place}",
        source="derived by Strandline from this place's hazard, damage and catalogue of measures",
        confirmed_by="the duty officer",
        indicators={name: one for operation in operations for name, one in operation.indicators.items()},
        phases=tuple(operation.phase for operation in operations),
    )


def _for_lives(measure: OperationalMeasure, hazard: Hazard, damage: StageDamageByClass | None) -> TriggeredAction | str:
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
    level = float(levels[place])
    floods = f" floods {len(where)} of them" if where else " is reached"
    why = (
        f"For lives, not for money: a chance of more than {100 * PROBABILITY_FOR_LIVES:g} % that the level of once in"
        f" {hazard.return_periods[place]:g} years{floods}."
    )
    phase, indicators = _phase(measure, {PROBABILITY_FOR_LIVES: level}, level, where, why)
    return TriggeredAction(measure, phase, indicators, None, None)


def _for_money(
    measure: OperationalMeasure, hazard: Hazard, damage: StageDamageByClass | None, rng: np.random.Generator
) -> TriggeredAction | str:
    assert measure.cost is not None
    assert measure.avoided_share is not None
    if damage is None:
        return f"{measure.title}: cannot be weighed without known assets."
    share, cost = measure.avoided_share, measure.cost.value
    grid = np.linspace(damage.levels[0], damage.levels[-1], 201)
    avoidable = np.array([share.value * float(np.median(damage.at_level(measure.classes, level))) for level in grid])

    def avoidable_loss(level: float) -> float:
        return float(np.interp(level, grid, avoidable))

    found = lowest_levels(PROBABILITIES, cost, avoidable_loss, grid)
    if not found:
        return (
            f"{measure.title}: costs EUR {cost:,.0f} an event and at best avoids EUR {avoidable.max():,.0f}"
            f" with a chance of {max(PROBABILITIES):g}; no trigger up to {_longest(hazard)}-year levels."
        )
    event = lowest_levels((1.0,), cost, avoidable_loss, grid)[1.0]
    likeliest, level = next(iter(found.items()))
    drawn = rng.uniform(share.low, share.high, len(hazard.levels)) * damage.at_level(measure.classes, level)
    low, middle, high = (float(q) for q in np.quantile(drawn, [0.1, 0.5, 0.9]))
    lowest = " or lower (the hazard knows no lower one)" if level == grid[0] else ""
    more = "; a smaller chance is enough for a higher sea" if len(found) > 1 else ""
    why = (
        f"From {level:.2f} m{lowest}, {likeliest:g} x avoidable loss (EUR {avoidable_loss(level):,.0f})"
        f" exceeds the cost of EUR {cost:,.0f}{more}."
    )
    phase, indicators = _phase(measure, found, event, (), why)
    return TriggeredAction(measure, phase, indicators, (low, middle, high), (grid, avoidable))


def _phase(
    measure: OperationalMeasure, levels: Mapping[float, float], event: float, where: tuple[str, ...], why: str
) -> tuple[Phase, dict[str, Indicator]]:
    """The phase that starts when one of the levels [m] is exceeded with its chance, and what it asks."""
    earliest, latest = measure.lead_window_hours

    def ahead(value: float, probability: float, first_lead: float) -> Indicator:
        return Indicator(
            variable=FORECAST, operator=">=", value=round(value, 3), unit="m", probability=probability,
            lead_window_hours=(first_lead, latest), valid_hours=VALID_HOURS,
            source="water-level forecast of this place",
        )  # fmt: skip

    start = {
        f"{measure.key}_{probability * 100:.0f}": ahead(level, probability, earliest)
        for probability, level in levels.items()
    }
    left, spare = f"{measure.key}_left", f"{measure.key}_neighbour"
    still = ahead(min(levels.values()) - HYSTERESIS, min(levels), 0.0)
    neighbour = Indicator(
        variable=NEIGHBOUR, operator=">=", value=round(event - CAUTION, 3), unit="m", lead_window_hours=(0, 0),
        valid_hours=VALID_HOURS, source="neighbouring gauge; its distance from the event's level: assumption",
    )  # fmt: skip
    phase = Phase(
        name=measure.key,
        start=" or ".join(start),
        actions=(measure.title,),
        response=measure.response,
        where=where,
        event=Event(variable="water_level", operator=">=", value=round(event, 3), unit="m"),
        stop=StopRule(when=f"not {left}", for_hours=STOP_HOURS),
        degraded=DegradedRule(after_hours=SILENCE_HOURS, fallback=spare, prior=PRIOR, decided_by="the duty officer"),
        why=why,
    )
    return phase, {**start, left: still, spare: neighbour}


def _longest(hazard: Hazard) -> str:
    return f"{hazard.return_periods[-1]:g}"
