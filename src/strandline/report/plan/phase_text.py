"""The phases of a protocol in words: when to start, when to stop, and who decides if readings fail."""

from strandline.planning.early_action.protocol import Phase, Protocol
from strandline.planning.early_action.trigger_constants import FLOODED_SHARE
from strandline.planning.formatting import format_expression


def describe_start(phase: Phase, protocol: Protocol) -> str:
    """When it starts, without a capital and a full stop."""
    return phase.when or format_expression(phase.start, protocol.indicators)


def describe_stop(phase: Phase, protocol: Protocol) -> str:
    """When it stops, and who gives the all-clear once the water has come, without a capital and a full stop."""
    stop = phase.stop
    text = f"{format_expression(stop.when, protocol.indicators)}, for {stop.for_hours:g} hours without a gap"
    if stop.reached is None:
        return text
    ends = []
    if stop.drained is not None:
        ends.append(_drained(stop.drained, protocol))
    if stop.drainage_hours is not None:
        ends.append(f"{stop.drainage_hours:g} hours after the sea fell below it, when the land has drained")
    else:
        ends.append(f"{'' if ends else 'only '}when a person has seen that the land is dry")
    return f"{text}; if the sea came up to its level, {', or '.join(ends)}"


def _drained(expression: str, protocol: Protocol) -> str:
    scenes = [one for one in protocol.indicators_of(expression).values() if one.variable.startswith(FLOODED_SHARE)]
    if not scenes:
        return f"once {format_expression(expression, protocol.indicators)}"
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
    start = format_expression(rule.fallback, protocol.indicators)
    return f"Start on {start} ({'; '.join(sources)}). If that is missing too, {rule.decided_by} decides. {until}"
