"""Drafts of alerts for the agent's decisions; nothing is sent until a person confirms it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from strandline.observations.arrays import Floats
from strandline.pipeline.deployment import Deployment
from strandline.planning.actions import ActionParameters
from strandline.report.alerts.area import warned_polygon
from strandline.report.alerts.cap import FloodWarning, Reference, as_cap, certainty_of, rarity_of
from strandline.report.findings import Issuer
from strandline.watch.agent_state import ActionState, AgentState
from strandline.watch.decisions import Decision
from strandline.watch.store.records import AlertDraft

ISSUER = Issuer("strandline.invalid", "Strandline (draft, not sent)")
VALID = timedelta(hours=24)
"""Validity of a warning after its onset: covers the high waters of one storm."""
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

    Args:
        ids: of the decisions in the store.
        levels: (N, 49) forecast sea levels [m, region datum].
    """
    parameters = {each.action: each for each in deployment.action_parameters}
    actions = dict(state.actions)
    drafts = []
    for decision, decision_id in zip(decisions, ids, strict=True):
        if decision.action not in parameters or decision.change == "stay_off":
            continue
        action = actions[decision.action]
        issued = _issued(deployment, decision, action, confirmed)
        certainty = certainty_of(decision.probability or 0.0)
        if decision.change == "stop":
            actions[decision.action] = ActionState()
            if issued is None:
                continue
        elif certainty == action.certainty:
            continue
        else:
            actions[decision.action] = replace(action, last_alert=state.belief.hour, certainty=certainty)
        message = _alert(deployment, decision, parameters[decision.action], levels)
        if issued is not None:
            message = replace(message, message="Update", replaces=(issued,))
        if decision.change == "stop":
            message = _cancelled(message, deployment, decision)
        drafts.append(AlertDraft(as_cap(message, ISSUER), decision_id))
    return replace(state, actions=actions), drafts


def _issued(deployment: Deployment, decision: Decision, action: ActionState, confirmed: Confirmed) -> Reference | None:
    """Reference to the last alert on an action, if a person has confirmed it."""
    if action.last_alert is None:
        return None
    sent = pd.Timestamp(action.last_alert)
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


def _alert(deployment: Deployment, decision: Decision, parameters: ActionParameters, levels: Floats) -> FloodWarning:
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
            max(peak, parameters.level), np.median(deployment.return_levels, axis=0).tolist(), deployment.return_periods
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
        response=parameters.response,
        area=site if not decision.where else f"{site}: {', '.join(decision.where)}",
        polygon=warned_polygon(deployment.region, mask),
        parameters=(
            ("waterLevel", f"{parameters.level:.2f} m"),
            ("verticalDatum", datum),
            ("expectedPeak", f"{peak:.2f} m"),
            ("trigger", decision.action),
        ),
    )
