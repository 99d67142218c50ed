"""The phases of a protocol in words: when to start, when to stop, and who decides if readings fail."""

import math
from dataclasses import dataclass

from strandline.observations.region_file.prices.money import MoneyUnit
from strandline.planning.early_action.protocol import Phase, Protocol, StopRule
from strandline.planning.early_action.trigger_constants import FLOODED_SHARE
from strandline.planning.formatting import format_expression
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS


@dataclass(frozen=True)
class PhaseText:
    """A phase in words; what is the same as for an earlier phase refers to it.

    Attributes:
        where: the zones or assets that it concerns; empty = the whole region.
        start, stop: without a capital and a full stop.
        failure: what decides without readings, in sentences.
    """

    label: str
    why: str
    actions: tuple[str, ...]
    where: tuple[str, ...]
    start: str
    stop: str
    after_hours: float
    failure: str


def describe_phases(protocol: Protocol) -> list[PhaseText]:
    """Return every phase in words, with each long rule written out once."""
    written: dict[tuple[str, str], str] = {}

    def once(kind: str, text: str, label: str, end: str) -> str:
        first = written.setdefault((kind, text), label)
        return text if first == label else f"as for *{first}*{end}"

    return [
        PhaseText(
            phase.label,
            once("why", phase.why, phase.label, "."),
            phase.actions,
            phase.where,
            describe_start(phase, protocol),
            once("stop", describe_stop(phase, protocol), phase.label, ""),
            phase.degraded.after_hours,
            once(f"without {phase.degraded.after_hours:g}", describe_failure(phase, protocol), phase.label, "."),
        )
        for phase in protocol.phases
    ]


def describe_start(phase: Phase, protocol: Protocol) -> str:
    """When it starts, without a capital and a full stop."""
    return phase.when or _in_words(phase.start, protocol)


def describe_stop(phase: Phase, protocol: Protocol) -> str:
    """When it stops, and who gives the all-clear once the water has come, without a capital and a full stop."""
    stop = phase.stop
    text = f"{_in_words(stop.when, protocol)}, for {stop.for_hours:g} hours without a gap"
    if stop.reached is None:
        return text
    ends = []
    if stop.drained is not None:
        ends.append(_drained(stop.drained, protocol))
    if stop.drainage_hours is not None:
        ends.append(f"{stop.drainage_hours:g} hours after the sea fell below it, when the land has drained")
    else:
        ends.append(f"{'' if ends else 'only '}when a person has seen that the land is dry")
    return f"{text}; if the sea came up to its level, {', or '.join(ends)}{_stood(stop)}"


def _stood(stop: StopRule) -> str:
    """What simulated floods say of the all-clear, as the end of a sentence."""
    if not stop.standing_in_words:
        return ""
    stood = f"in simulated floods water stood {stop.standing_in_words} after the sea was last at its level"
    if stop.drainage_hours is None:
        return f"; {stood}, so that before that the watch proposes no all-clear unless a scene shows dry land"
    if stop.has_no_end or (stop.standing_hours or 0.0) > stop.drainage_hours:
        return f". This contradicts the simulation: {stood}. Check the stated hours before anybody returns"
    return ""


def _drained(expression: str, protocol: Protocol) -> str:
    scenes = [one for one in protocol.indicators_of(expression).values() if one.variable.startswith(FLOODED_SHARE)]
    if not scenes:
        return f"once {_in_words(expression, protocol)}"
    return (
        f"once a flood scene of the last {scenes[0].valid_hours:g} hours shows all of the area, and at most"
        f" {100 * scenes[0].value:g} % of every zone under water"
    )


def describe_failure(phase: Phase, protocol: Protocol) -> str:
    """What decides if its readings fail, in sentences."""
    rule = phase.degraded
    until = f"Until then: {rule.prior}."
    if rule.fallback is None:
        why = f", because {rule.no_fallback}" if rule.no_fallback else ""
        return f"No other gauge can decide{why}. So {rule.decided_by} decides. {until}"
    sources = dict.fromkeys(one.source for one in protocol.indicators_of(rule.fallback).values())
    start = _in_words(rule.fallback, protocol)
    return f"Start on {start} ({'; '.join(sources)}). If that is missing too, {rule.decided_by} decides. {until}"


def format_lead(hours: float) -> str:
    """``6``, ``more than 48`` where an action had begun before any forecast reached the flood, ``–`` without a hit."""
    if math.isnan(hours):
        return "–"
    return f"more than {HORIZON_HOURS}" if hours > HORIZON_HOURS else f"{hours:.0f}"


def _in_words(expression: str, protocol: Protocol) -> str:
    return format_expression(expression, protocol.indicators, MoneyUnit.parse(protocol.money))
