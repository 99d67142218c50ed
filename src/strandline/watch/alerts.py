"""Drafts of alerts for the agent's decisions; nothing is sent until a person confirms it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from strandline.observations.arrays import Floats
from strandline.pipeline.deployment import Deployment
from strandline.planning.early_action.protocol import Phase
from strandline.report.alerts.area import warned_polygon
from strandline.report.alerts.cap import FloodWarning, Reference, as_cap, certainty_of, rarity_of
from strandline.report.findings import Issuer
from strandline.watch.agent_state import AgentState, AlertState
from strandline.watch.decisions import Decision
from strandline.watch.store.records import AlertDraft

ISSUER = Issuer("strandline.invalid", "Strandline (draft, not sent)")
VALID = timedelta(hours=24)
"""Validity of a warning after its onset: covers the high waters of one storm."""
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
    parameters = {} if protocol is None else {phase.name: phase for phase in protocol.phases}
    phases, alerts = dict(state.phases), dict(state.alerts)
    drafts = []
    for decision, decision_id in zip(decisions, ids, strict=True):
        name = decision.action
        if name not in parameters or decision.change == "stay_off":
            continue
        last = alerts.get(name, AlertState())
        issued = _issued(deployment, decision, last, confirmed)
        is_ending = decision.change == "stop" or phases[name].awaits_all_clear
        certainty = ALL_CLEAR if is_ending else certainty_of(decision.probability or 0.0)
        if is_ending and (issued is None or last.certainty == ALL_CLEAR):
            if issued is not None or last.certainty != ALL_CLEAR:  # confirmed, or nobody was ever warned
                phases[name] = phases[name].cleared(state.belief.hour)
                alerts.pop(name, None)
            continue
        if certainty == last.certainty:
            continue
        message = _alert(deployment, decision, parameters[name], levels)
        if issued is not None:
            message = replace(message, message="Update", replaces=(issued,))
        if is_ending:
            message = _cancelled(message, deployment, decision)
        alerts[name] = AlertState(state.belief.hour, certainty)
        if decision.change == "stop":
            alerts.pop(name)
        drafts.append(AlertDraft(as_cap(message, ISSUER), decision_id))
    return replace(state, phases=phases, alerts=alerts), drafts


def _issued(deployment: Deployment, decision: Decision, last: AlertState, confirmed: Confirmed) -> Reference | None:
    """Reference to the last alert on an action, if a person has confirmed it."""
    if last.at is None:
        return None
    sent = pd.Timestamp(last.at)
    identifier = _identifier(_subject(deployment, decision), sent)
    return Reference(ISSUER.sender, identifier, sent) if identifier in confirmed(sent.to_pydatetime()) else None


def _subject(deployment: Deployment, decision: Decision) -> str:
    return re.sub(r"[^a-z0-9]+", "-", f"{deployment.region.name} {decision.action}".lower()).strip("-")


def _identifier(subject: str, issued: pd.Timestamp) -> str:
    return f"strandline-{subject}-{issued:%Y%m%dT%H%M}"


def _cancelled(update: FloodWarning, deployment: Deployment, decision: Decision) -> FloodWarning:
    return replace(
        update,
        message="Cancel",
        response="AllClear",
        headline=f"Cancelled: {deployment.region.name}, {decision.action.replace('_', ' ')}",
        description=f"The newest forecast no longer supports this warning: {decision.why}.",
        instruction="Confirm the forecast first. Then stand down.",
    )


def _level(phase: Phase) -> float:
    """Of the phase's event [m, region datum]."""
    return phase.event.value if phase.event is not None else float("nan")


def _alert(deployment: Deployment, decision: Decision, phase: Phase, levels: Floats) -> FloodWarning:
    issued = pd.Timestamp(decision.at)
    onset = issued if decision.onset is None else max(issued, pd.Timestamp(decision.onset))
    peak = float(np.quantile(levels.max(axis=1), 0.5))
    site, datum = deployment.region.name, deployment.region.vertical_datum
    subject = _subject(deployment, decision)
    mask = np.isin(deployment.zones.of_cell, [deployment.zones.names.index(zone) for zone in decision.where])
    degraded = "The own gauge gives no valid reading; other streams are used. " if decision.is_degraded else ""
    return FloodWarning(
        identifier=_identifier(subject, issued),
        subject=subject,
        provenance="simulated" if deployment.is_simulated else "real",
        issued=issued,
        onset=onset,
        expires=onset + VALID,
        probability=decision.probability or 0.0,
        return_period=rarity_of(
            max(peak, _level(phase)), np.median(deployment.return_levels, axis=0).tolist(), deployment.return_periods
        ),
        event="Coastal flood",
        headline=f"{site}: {decision.action.replace('_', ' ')}",
        description=(
            f"{decision.why[:1].upper()}{decision.why[1:]}. {degraded}Levels are above {datum}. The area shows the"
            " zones that this action protects and that may be flooded; land without a flood map is not shown and may"
            " flood too."
        ),
        instruction=(
            f"Confirm the forecast first. Then {decision.action.replace('_', ' ')}."
            f" What would change this: {decision.would_change}."
        ),
        response=phase.response,
        area=site if not decision.where else f"{site}: {', '.join(decision.where)}",
        polygon=warned_polygon(deployment.region, mask),
        parameters=(
            ("waterLevel", f"{_level(phase):.2f} m"),
            ("verticalDatum", datum),
            ("expectedPeak", f"{peak:.2f} m"),
            ("trigger", decision.action),
        ),
    )
