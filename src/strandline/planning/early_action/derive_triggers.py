"""Derivation of a protocol: when to act, for lives by evacuation area and for money by expected loss."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.region_file.prices.money import EUR_2010, MoneyUnit
from strandline.planning.early_action.evacuation.area_triggers import AreaTriggers, DangerousArea, WholeRegion
from strandline.planning.early_action.neighbour_rule import NO_NEIGHBOUR, NeighbourRule
from strandline.planning.early_action.protocol import (
    DegradedRule,
    Event,
    Indicator,
    Loss,
    Night,
    Phase,
    Protocol,
    StopRule,
)
from strandline.planning.early_action.trigger_constants import (
    DECIDED_BY,
    DEFERRAL_HOURS,
    FORECAST,
    FORECAST_OF_THE_PLACE,
    NEIGHBOUR,
    PRIOR,
    PROBABILITY_FOR_LIVES,
    STOP_HOURS,
    STOP_SHARE,
    UNDECIDED_HOURS,
    VALID_HOURS,
    WAITING_CHANCE,
    WAITING_RATIO,
)
from strandline.planning.formatting import format_money
from strandline.planning.measures import OperationalMeasure
from strandline.risk.expectation import Expectation
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.stage_damage.by_asset_class import StageDamageByClass
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS

PROBABILITIES = (0.8, 0.5, 0.2)
"""Probabilities [-] for which an example of a level at which acting pays is given."""


@dataclass(frozen=True, eq=False)
class TriggeredAction:
    """An operational measure with the phases that start and stop it.

    Attributes:
        phases: one, or for each evacuation area one and its fallback.
        indicators: those that the phases' expressions name.
        avoided_loss: in an event of the lowest level at which acting pays [money]; ``None`` = not in money.
        avoidable: levels [m] and the mean loss that acting avoids there [money]; ``None`` likewise.
    """

    measure: OperationalMeasure
    phases: tuple[Phase, ...]
    indicators: Mapping[str, Indicator]
    avoided_loss: Expectation | None = None
    avoidable: tuple[Floats, Floats] | None = None


@dataclass(frozen=True, eq=False)
class TriggerInputs:
    """What triggers are derived from.

    Attributes:
        damage: of single events; ``None`` where no asset is known, so that only measures for lives remain.
        areas: evacuation areas; empty = none is known, and the whole region is one.
        night: hours of darkness; ``None`` = no difference is made.
        drainage_hours: stated time in which flooded land drains [h]; ``None`` = a person gives the all-clear.
        neighbour: needed lead [h] and event level [m] → what the neighbour's gauge must read; ``None`` = no neighbour.
        without_neighbour: why there is no neighbour, as a part of a sentence.
        forecasts: variables that forecasts at hand give, besides the water level.
        money: of costs and damage.
        agreed_chance: above which people are called [-].
    """

    hazard: Hazard
    damage: StageDamageByClass | None
    areas: Sequence[DangerousArea] = ()
    night: Night | None = None
    drainage_hours: float | None = None
    neighbour: NeighbourRule | None = None
    without_neighbour: str = NO_NEIGHBOUR
    forecasts: tuple[str, ...] = ()
    money: MoneyUnit = EUR_2010
    agreed_chance: float = PROBABILITY_FOR_LIVES


def derive_triggers(
    inputs: TriggerInputs, measures: Sequence[OperationalMeasure], rng: np.random.Generator
) -> tuple[list[TriggeredAction], list[str]]:
    """Phases for the measures that pay, and a sentence for each that does not.

    A measure for lives starts where the probability of dangerous water in an evacuation area, over all levels from
    which it may be dangerous, between now + clearance time and the end of the forecast, exceeds the agreed chance; its
    fallback starts
    where that comes sooner. A measure that costs money starts where the expected avoidable loss exceeds the cost.
    """
    triggered: list[TriggeredAction] = []
    left_out: list[str] = []
    for measure in measures:
        missing = [name for name in measure.needs if name not in inputs.forecasts]
        if missing:
            left_out.append(
                f"{measure.title}: not offered. It rests on {' and '.join(missing).replace('_', ' ')}, and no forecast"
                " of that is at hand here."
            )
            continue
        if measure.life_safety:
            action, notes = _for_lives(measure, inputs)
            triggered.append(action)
            left_out += notes
        else:
            found = _for_money(measure, inputs, rng)
            if isinstance(found, TriggeredAction):
                triggered.append(found)
            else:
                left_out.append(found)
    return triggered, left_out


def join_protocol(
    study_area: str,
    triggered: Sequence[TriggeredAction],
    night: Night | None = None,
    money: MoneyUnit = EUR_2010,
    agreed_chance: float = PROBABILITY_FOR_LIVES,
) -> Protocol | None:
    """One protocol of all triggered actions; ``None`` without any."""
    if not triggered:
        return None
    return Protocol(
        title=f"Early action at {study_area}",
        source="derived by Strandline from this place's hazard, damage and catalogue of measures",
        confirmed_by=DECIDED_BY,
        money=str(money),
        agreed_chance=agreed_chance,
        night=night,
        indicators={name: one for each in triggered for name, one in each.indicators.items()},
        phases=tuple(phase for each in triggered for phase in each.phases),
    )


def _for_lives(measure: OperationalMeasure, inputs: TriggerInputs) -> tuple[TriggeredAction, list[str]]:
    areas = inputs.areas or (WholeRegion.of(measure, inputs.hazard),)
    triggers = [
        AreaTriggers(
            measure,
            area,
            inputs.night is not None,
            inputs.drainage_hours,
            inputs.neighbour,
            inputs.without_neighbour,
            inputs.agreed_chance,
        )
        for area in areas
    ]
    phases = tuple(phase for each in triggers for phase in each.phases)
    indicators = {name: one for each in triggers for name, one in each.indicators.items()}
    return TriggeredAction(measure, phases, indicators), [note for each in triggers for note in each.notes]


def _for_money(measure: OperationalMeasure, inputs: TriggerInputs, rng: np.random.Generator) -> TriggeredAction | str:
    damage, hazard = inputs.damage, inputs.hazard
    if measure.cost is None or measure.avoided_share is None:
        raise InputError(f"measure '{measure.key}'", "states no cost or no avoided_share", "complete the catalogue")
    if damage is None:
        return f"{measure.title}: not offered, because no asset has a known damage to compare its cost with."
    share, cost = measure.avoided_share, measure.cost.value
    grid = np.linspace(damage.levels[0], damage.levels[-1], 201)
    avoidable = np.array([share.value * float(np.mean(damage.at_level(measure.classes, level))) for level in grid])

    def avoidable_loss(level: float) -> float:
        return float(np.interp(level, grid, avoidable))

    examples = lowest_levels(PROBABILITIES, cost, avoidable_loss, grid)
    if not examples:
        return (
            f"{measure.title}: costs {format_money(cost, inputs.money)} an event and on average avoids"
            f" {format_money(float(avoidable.max()), inputs.money)} at most"
            f" with a chance of {max(PROBABILITIES):g}; no trigger up to {_longest(hazard)}-year levels."
        )
    event = lowest_levels((1.0,), cost, avoidable_loss, grid)[1.0]
    level = next(iter(examples.values()))
    at_level = damage.at_level(measure.classes, level)
    drawn = Expectation.of(rng.uniform(share.low, share.high, at_level.size) * at_level, len(hazard.levels))
    lowest = " or lower (no lower level is mapped)" if level == grid[0] else ""
    cases = " or ".join(f"{100 * chance:g} % for {at:.2f} m" for chance, at in examples.items())
    why = (
        f"It pays where the expected avoidable loss exceeds the cost of"
        f" {format_money(cost, inputs.money)}: as at a chance of"
        f" {cases}{lowest}."
    )
    phase, indicators = money_phase(
        measure, event, (grid, avoidable), inputs.neighbour, why, without_neighbour=inputs.without_neighbour
    )
    avoided = replace(drawn, mean=avoidable_loss(level))  # the number that decides
    return TriggeredAction(measure, (phase,), indicators, avoided, (grid, avoidable))


def money_phase(
    measure: OperationalMeasure,
    event: float,
    avoidable: tuple[Floats, Floats],
    neighbour: NeighbourRule | None = None,
    why: str = "",
    *,
    without_neighbour: str = NO_NEIGHBOUR,
) -> tuple[Phase, dict[str, Indicator]]:
    """The phase of a measure that costs money, and its indicators by name.

    Args:
        event: lowest level [m] that counts.
        avoidable: levels [m], ascending, and the mean loss that acting avoids there [money].

    Raises:
        InputError: the measure states no cost.
    """
    if measure.cost is None:
        raise InputError(f"measure '{measure.key}'", "states no cost", "complete the catalogue")
    key, cost, (earliest, latest) = measure.key, measure.cost.value, measure.lead_window_hours
    latest = min(latest, float(HORIZON_HOURS))
    levels, losses = (tuple(each.tolist()) for each in _thinned(*avoidable))

    def ahead(window: tuple[float, float], *, probability: float | None = None, loss: Loss | None = None) -> Indicator:
        return Indicator(
            variable=FORECAST, operator=">=", value=round(event, 3), unit="m", lead_window_hours=window,
            valid_hours=VALID_HOURS, source=FORECAST_OF_THE_PLACE, probability=probability, loss=loss,
        )  # fmt: skip

    kept = min(earliest + DEFERRAL_HOURS + STOP_HOURS, float(HORIZON_HOURS))
    near = min(earliest + DEFERRAL_HOURS, latest)
    waiting = min(WAITING_CHANCE, round(WAITING_RATIO * cost / max(losses), 3)) if max(losses) > 0 else WAITING_CHANCE
    indicators = {
        f"pays_{key}": ahead((earliest, latest), loss=Loss(levels=levels, avoidable=losses, cost=cost)),
        f"near_{key}": ahead((0, near), probability=waiting),
        f"left_{key}": ahead((0, kept), loss=Loss(levels=levels, avoidable=losses, cost=STOP_SHARE * cost)),
    }
    threshold = None if neighbour is None else neighbour.threshold(event, earliest)
    if threshold is not None:
        indicators[f"neighbour_{key}"] = threshold.indicator(NEIGHBOUR, VALID_HOURS)
    phase = Phase(
        name=key, title=measure.title, action=key, classes=measure.classes, start=f"pays_{key} and near_{key}",
        actions=(measure.title,), response=measure.response, crews=measure.crews, needed_hours=(earliest, earliest),
        when=f"when the expected avoidable loss {earliest:g} to {latest:g} hours from now exceeds its cost", why=why,
        event=Event(variable="water_level", operator=">=", value=round(event, 3), unit="m"),
        stop=StopRule(when=f"not left_{key}", for_hours=STOP_HOURS),
        degraded=DegradedRule(
            after_hours=UNDECIDED_HOURS, fallback=None if threshold is None else f"neighbour_{key}",
            no_fallback=without_neighbour if neighbour is None else neighbour.why_none(event, earliest), prior=PRIOR,
            decided_by=DECIDED_BY,
        ),
    )  # fmt: skip
    return phase, indicators


def lowest_levels(
    probabilities: Sequence[float], cost: float, avoidable_loss: Callable[[float], float], levels: Floats
) -> dict[float, float]:
    """Probability → lowest of the levels at which acting pays if it is reached with this probability, highest first.

    Acting pays where probability · avoidable loss exceeds the cost. A probability without such a level is left out, and
    one for whose level a smaller probability suffices. Acting as soon as one of the pairs holds is never wrong by the
    forecast: where loss grows with level, E[loss] ≥ P(level ≥ x) · loss(x) for every x (Markov's inequality). It may be
    late, since E[loss] may exceed the cost before any single pair holds; more pairs come closer.

    Args:
        avoidable_loss: of an event of this level.
        levels: (N,) ascending, those that are tried.

    Source: Murphy (1977), Monthly Weather Review 105, 803-816; Richardson (2000), QJRMS 126, 649-667, section 2.
    """
    avoidable = np.array([avoidable_loss(level) for level in levels])
    found: dict[float, float] = {}
    for probability in sorted(probabilities):
        pays = probability * avoidable > cost
        if pays.any() and levels[int(np.argmax(pays))] not in found.values():
            found[probability] = float(levels[int(np.argmax(pays))])
    return dict(reversed(found.items()))


def _thinned(levels: Floats, losses: Floats, most: int = 41) -> tuple[Floats, Floats]:
    """The curve at fewer levels, rounded, for people who read the protocol."""
    at = np.unique(np.linspace(0, levels.size - 1, most).round().astype(int))
    return np.round(levels[at], 3), np.round(losses[at], 0)


def _longest(hazard: Hazard) -> str:
    return f"{hazard.return_periods[-1]:g}"
