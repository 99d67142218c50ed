"""Derivation of a protocol: sea levels and probabilities at which acting pays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.planning.early_action.action_value import PROBABILITY_FOR_LIVES, STOP_HOURS
from strandline.planning.early_action.cost_loss import lowest_levels
from strandline.planning.early_action.protocol import DegradedRule, Event, Indicator, Phase, Protocol, StopRule
from strandline.planning.measures import OperationalMeasure
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.stage_damage.by_asset_class import StageDamageByClass

FORECAST, NEIGHBOUR = "forecast_water_level", "neighbour_water_level"
PROBABILITIES = (0.8, 0.5, 0.2)
"""Probabilities [-] for which a warning level is sought; an assumption: as many as people tell apart."""
HYSTERESIS = 0.2
"""Distance of the stop value below the lowest start value [m]; an assumption, wider than a usual forecast's jitter."""
UNDECIDED_HOURS = 6.0
"""Time without a decision after which the neighbouring gauge decides; an assumption: half a tide."""
VALID_HOURS = 6.0
"""Validity of a forecast or a neighbour's reading; an assumption: half a tide."""
CAUTION = 0.2
"""Distance below the event's level at which a neighbour's reading starts the action [m]; an assumption."""
PRIOR = "act as if the level were reached while a storm warning of the weather service is in force"


@dataclass(frozen=True, eq=False)
class TriggeredAction:
    """An operational measure with the phase that starts it.

    Attributes:
        indicators: those that the phase's expressions name.
        avoided_loss: p10, p50, p90 per event of the phase's level; ``None`` = not expressed in money.
        avoidable: levels [m] and the median loss that acting avoids there [EUR 2010]; ``None`` likewise.
    """

    measure: OperationalMeasure
    phase: Phase
    indicators: Mapping[str, Indicator]
    avoided_loss: tuple[float, float, float] | None
    avoidable: tuple[Floats, Floats] | None

    @property
    def event(self) -> Event:
        """The event that the phase is for.

        Raises:
            InputError: the phase states none.
        """
        if self.phase.event is None:
            raise InputError(f"phase '{self.phase.name}'", "states no event", "derive it from the hazard")
        return self.phase.event


def derive_triggers(
    hazard: Hazard,
    damage: StageDamageByClass | None,
    measures: Sequence[OperationalMeasure],
    rng: np.random.Generator,
) -> tuple[list[TriggeredAction], list[str]]:
    """Phases for the measures that pay, and a sentence for each that does not.

    A measure that costs money starts when, for one of ``PROBABILITIES``, the forecast exceeds that probability at the
    lowest level where probability · avoidable loss exceeds the cost (cost-loss rule, ``cost_loss.lowest_levels``). A
    measure for lives starts at ``PROBABILITY_FOR_LIVES`` of the level that first floods its asset classes, whatever it
    costs.

    Args:
        damage: of single events; ``None`` where no asset is known, so that only measures for lives remain.
    """
    triggered: list[TriggeredAction] = []
    left_out: list[str] = []
    for measure in measures:
        found = _for_lives(measure, hazard, damage) if measure.life_safety else _for_money(measure, hazard, damage, rng)
        if isinstance(found, TriggeredAction):
            triggered.append(found)
        else:
            left_out.append(found)
    return triggered, left_out


def join_protocol(study_area: str, triggered: Sequence[TriggeredAction]) -> Protocol | None:
    """One protocol of all triggered actions; ``None`` without any."""
    if not triggered:
        return None
    return Protocol(
        title=f"Early action at {study_area}",
        source="derived by Strandline from this place's hazard, damage and catalogue of measures",
        confirmed_by="the duty officer",
        indicators={name: one for each in triggered for name, one in each.indicators.items()},
        phases=tuple(each.phase for each in triggered),
    )


def _for_lives(measure: OperationalMeasure, hazard: Hazard, damage: StageDamageByClass | None) -> TriggeredAction | str:
    levels = np.median(hazard.levels, axis=0)
    first = 0
    where: tuple[str, ...] = ()
    if damage is not None and measure.classes:
        flooded = [
            tuple(name for kind in measure.classes for name in damage.flooded.get(kind, ((),) * levels.size)[period])
            for period in range(levels.size)
        ]
        if not any(flooded):
            return f"{measure.title}: none of its assets floods at any return period up to {_longest(hazard)} years."
        first = next(period for period, names in enumerate(flooded) if names)
        where = flooded[first]
    level = float(levels[first])
    floods = f" floods {len(where)} of its assets" if where else " is reached"
    why = (
        f"For lives, not for money: a chance of more than {100 * PROBABILITY_FOR_LIVES:g} % that the level of once in"
        f" {hazard.return_periods[first]:g} years{floods}."
    )
    phase, indicators = _phase(measure, {PROBABILITY_FOR_LIVES: level}, level, where, why)
    return TriggeredAction(measure, phase, indicators, None, None)


def _for_money(
    measure: OperationalMeasure, hazard: Hazard, damage: StageDamageByClass | None, rng: np.random.Generator
) -> TriggeredAction | str:
    if measure.cost is None or measure.avoided_share is None:
        raise InputError(f"measure '{measure.key}'", "states no cost or no avoided_share", "complete the catalogue")
    if damage is None:
        return f"{measure.title}: not appraised, because no asset has a known damage."
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
    lowest = " or lower (no lower level is mapped)" if level == grid[0] else ""
    more = "; a smaller chance suffices for a higher sea" if len(found) > 1 else ""
    why = (
        f"From {level:.2f} m{lowest}, {likeliest:g} x avoidable loss (EUR {avoidable_loss(level):,.0f})"
        f" exceeds the cost of EUR {cost:,.0f}{more}."
    )
    phase, indicators = _phase(measure, found, event, (), why)
    return TriggeredAction(measure, phase, indicators, (low, middle, high), (grid, avoidable))


def _phase(
    measure: OperationalMeasure, levels: Mapping[float, float], event: float, where: tuple[str, ...], why: str
) -> tuple[Phase, dict[str, Indicator]]:
    """The phase that starts when one of the levels [m] is exceeded with its probability, and its indicators."""
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
    over, fallback = f"{measure.key}_left", f"{measure.key}_neighbour"
    ongoing = ahead(min(levels.values()) - HYSTERESIS, min(levels), 0.0)
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
        stop=StopRule(when=f"not {over}", for_hours=STOP_HOURS),
        degraded=DegradedRule(
            after_hours=UNDECIDED_HOURS, fallback=fallback, prior=PRIOR, decided_by="the duty officer"
        ),
        why=why,
    )
    return phase, {**start, over: ongoing, fallback: neighbour}


def _longest(hazard: Hazard) -> str:
    return f"{hazard.return_periods[-1]:g}"
