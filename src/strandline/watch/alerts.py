"""Drafts of alerts for the agent's decisions; nothing is sent until a person confirms it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd

from strandline.observations.arrays import Floats
from strandline.pipeline.deployment import Deployment
from strandline.planning.early_action.protocol import Phase
from strandline.report.alerts.area import WarnedArea, area_around, area_of_region
from strandline.report.alerts.cap import FloodWarning, Reference, as_cap, certainty_of, rarity_of
from strandline.report.alerts.exceedance import Exceedance, exceedance_of_members
from strandline.report.alerts.issuer import Issuer
from strandline.report.alerts.wording import Basis, Content, compose, withdraw
from strandline.watch.agent_state import AgentState, AlertState
from strandline.watch.decisions import Decision
from strandline.watch.store.records import AlertDraft

ALL_CLEAR = "all-clear"
"""Stands for the certainty of a message that ends a warning."""
Confirmed = Callable[[datetime], frozenset[str]]
"""Hour → identifiers of the alerts of that hour that a person has confirmed."""


def draft_messages(
    deployment: Deployment,
    decisions: Sequence[Decision],
    ids: Sequence[str],
    levels: Floats,
    state: AgentState,
    confirmed: Confirmed,
    issuer: Issuer,
) -> tuple[AgentState, list[AlertDraft]]:
    """Draft the alerts of one step; returns them with the state that records them.

    An alert is drafted when an action starts, an update when its certainty changes, and a cancellation when it stops.
    An alert that no person has confirmed was never issued: it is neither updated nor cancelled, a new one is drafted.
    Where the all-clear waits for a person, the cancellation is drafted, and the phase ends once it is confirmed.

    Args:
        ids: of the decisions in the store.
        levels: (N, 49) forecast sea levels [m, region datum].
    """
    protocol = deployment.protocol
    of_name = {} if protocol is None else {phase.name: phase for phase in protocol.phases}
    phases, alerts = dict(state.phases), dict(state.alerts)
    drafts = []
    for decision, decision_id in zip(decisions, ids, strict=True):
        name = decision.action
        if name not in of_name or decision.change == "stay_off":
            continue
        phase, last = of_name[name], alerts.get(name, AlertState())
        issued = _issued(deployment, decision, last, confirmed, issuer)
        exceedance = exceedance_of_members(_hours(decision, levels), levels, _level(phase))
        is_ending = decision.change == "stop" or phases[name].awaits_all_clear
        certainty = ALL_CLEAR if is_ending else certainty_of(exceedance.probability)
        if is_ending and (issued is None or last.certainty == ALL_CLEAR):
            if issued is not None or last.certainty != ALL_CLEAR:  # the all-clear is confirmed, or nobody was warned
                phases[name] = phases[name].cleared(state.belief.hour)
                alerts.pop(name, None)
            continue
        if certainty == last.certainty:
            continue
        message = _alert(deployment, decision, phase, exceedance, issuer)
        if issued is not None:
            message = replace(message, message="Update", replaces=(issued,))
        if is_ending:
            message = _cancelled(message)
        alerts[name] = AlertState(state.belief.hour, certainty)
        if decision.change == "stop":
            alerts.pop(name)
        drafts.append(AlertDraft(as_cap(message, issuer), decision_id))
    return replace(state, phases=phases, alerts=alerts), drafts


def _hours(decision: Decision, levels: Floats) -> np.ndarray:
    """(T,) hours of the forecast, UTC."""
    return np.datetime64(decision.at, "h") + np.arange(levels.shape[1]).astype("timedelta64[h]")


def _issued(
    deployment: Deployment, decision: Decision, last: AlertState, confirmed: Confirmed, issuer: Issuer
) -> Reference | None:
    """Reference to the last alert on an action, if a person has confirmed it."""
    if last.at is None:
        return None
    sent = pd.Timestamp(last.at)
    identifier = _identifier(_subject(deployment, decision), sent)
    return Reference(issuer.sender, identifier, sent) if identifier in confirmed(sent.to_pydatetime()) else None


def _level(phase: Phase) -> float:
    """Of the phase's event [m, region datum]."""
    return phase.event.value if phase.event is not None else float("nan")


def _subject(deployment: Deployment, decision: Decision) -> str:
    return re.sub(r"[^a-z0-9]+", "-", f"{deployment.region.name} {decision.action}".lower()).strip("-")


def _identifier(subject: str, issued: pd.Timestamp) -> str:
    return f"strandline-{subject}-{issued:%Y%m%dT%H%M}"


def _cancelled(update: FloodWarning) -> FloodWarning:
    texts = withdraw(update.texts, tuple(area.name for area in update.areas))
    return replace(update, message="Cancel", response="AllClear", texts=texts)


def _alert(
    deployment: Deployment, decision: Decision, phase: Phase, exceedance: Exceedance, issuer: Issuer
) -> FloodWarning:
    place, datum, is_exercise = deployment.region.name, deployment.region.vertical_datum, deployment.is_simulated
    content = Content(
        place, decision.where, phase.response, phase.action or phase.name, phase.label, _level(phase), datum, exceedance,
        _basis(decision), is_exercise,
    )  # fmt: skip
    subject = _subject(deployment, decision)
    median_levels = np.median(deployment.return_levels, axis=0).tolist()
    return FloodWarning(
        identifier=_identifier(subject, exceedance.issued),
        subject=subject,
        provenance="simulated" if is_exercise else "real",
        issued=exceedance.issued,
        onset=exceedance.onset or exceedance.issued,
        expires=exceedance.latest_end,
        probability=exceedance.probability,
        return_period=rarity_of(max(exceedance.middle, _level(phase)), median_levels, deployment.return_periods),
        response=phase.response,
        texts=compose(content, issuer),
        areas=_areas(deployment, decision.where),
        parameters=(
            ("waterLevel", f"{_level(phase):.2f} m"),
            ("verticalDatum", datum),
            ("expectedPeak", f"{exceedance.middle:.2f} m"),
            ("trigger", decision.action),
        ),
    )


def _basis(decision: Decision) -> Basis:
    if decision.needs_person:
        return "climate"
    return "other_streams" if decision.is_degraded else "own_gauge"


def _areas(deployment: Deployment, where: Sequence[str]) -> tuple[WarnedArea, ...]:
    """The zones, or the whole region where none is named."""
    zones, region = deployment.zones, deployment.region
    if not where:
        return (area_of_region(region.name, region),)
    return tuple(area_around(name, zones.outlines[zones.names.index(name)], region.cell_size) for name in where)
