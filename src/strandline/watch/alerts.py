"""Drafts of alerts for the agent's decisions; nothing is sent until a person confirms it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd

from strandline.observations.arrays import Floats
from strandline.pipeline.deployment import Deployment
from strandline.planning.actions import Response
from strandline.report.alerts.area import WarnedArea, area_around, area_of_region
from strandline.report.alerts.cap import FloodWarning, Reference, as_cap, certainty_of, rarity_of
from strandline.report.alerts.exceedance import Exceedance, exceedance_of_members
from strandline.report.alerts.issuer import Issuer
from strandline.report.alerts.wording import Basis, Content, compose, withdraw
from strandline.watch.agent_state import ActionState, AgentState
from strandline.watch.decisions import Decision
from strandline.watch.store.records import AlertDraft

Confirmed = Callable[[datetime], frozenset[str]]
"""Hour → identifiers of the alerts of that hour that a person has confirmed."""


@dataclass(frozen=True)
class Call:
    """What an action asks people for.

    Attributes:
        title: of the action, in English.
        level: sea level from which the action is needed [m, region datum].
    """

    response: Response
    title: str
    level: float


def calls_of(deployment: Deployment) -> dict[str, Call]:
    """What each action of the plan asks people for, by its name."""
    return {
        each.action: Call(each.response, each.action.replace("_", " "), each.level)
        for each in deployment.action_parameters
    }


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

    Args:
        ids: of the decisions in the store.
        levels: (N, 49) forecast sea levels [m, region datum].
    """
    calls = calls_of(deployment)
    actions = dict(state.actions)
    drafts = []
    for decision, decision_id in zip(decisions, ids, strict=True):
        if decision.action not in calls or decision.change == "stay_off":
            continue
        call, action = calls[decision.action], actions[decision.action]
        issued = _issued(deployment, decision, action, confirmed, issuer)
        exceedance = exceedance_of_members(_hours(decision, levels), levels, call.level)
        certainty = certainty_of(exceedance.probability)
        if decision.change == "stop":
            actions[decision.action] = ActionState()
            if issued is None:
                continue
        elif certainty == action.certainty:
            continue
        else:
            actions[decision.action] = replace(action, last_alert=state.belief.hour, certainty=certainty)
        message = _alert(deployment, decision, call, exceedance, issuer)
        if issued is not None:
            message = replace(message, message="Update", replaces=(issued,))
        if decision.change == "stop":
            message = _cancelled(message)
        drafts.append(AlertDraft(as_cap(message, issuer), decision_id))
    return replace(state, actions=actions), drafts


def _hours(decision: Decision, levels: Floats) -> np.ndarray:
    """(T,) hours of the forecast, UTC."""
    return np.datetime64(decision.at, "h") + np.arange(levels.shape[1]).astype("timedelta64[h]")


def _issued(
    deployment: Deployment, decision: Decision, action: ActionState, confirmed: Confirmed, issuer: Issuer
) -> Reference | None:
    """Reference to the last alert on an action, if a person has confirmed it."""
    if action.last_alert is None:
        return None
    sent = pd.Timestamp(action.last_alert)
    identifier = _identifier(_subject(deployment, decision), sent)
    return Reference(issuer.sender, identifier, sent) if identifier in confirmed(sent.to_pydatetime()) else None


def _subject(deployment: Deployment, decision: Decision) -> str:
    return re.sub(r"[^a-z0-9]+", "-", f"{deployment.region.name} {decision.action}".lower()).strip("-")


def _identifier(subject: str, issued: pd.Timestamp) -> str:
    return f"strandline-{subject}-{issued:%Y%m%dT%H%M}"


def _cancelled(update: FloodWarning) -> FloodWarning:
    texts = withdraw(update.texts, tuple(area.name for area in update.areas))
    return replace(update, message="Cancel", response="AllClear", texts=texts)


def _alert(
    deployment: Deployment, decision: Decision, call: Call, exceedance: Exceedance, issuer: Issuer
) -> FloodWarning:
    place, datum, is_exercise = deployment.region.name, deployment.region.vertical_datum, deployment.is_simulated
    content = Content(
        place, decision.where, call.response, decision.action, call.title, call.level, datum, exceedance,
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
        return_period=rarity_of(max(exceedance.middle, call.level), median_levels, deployment.return_periods),
        response=call.response,
        texts=compose(content, issuer),
        areas=_areas(deployment, decision.where),
        parameters=(
            ("waterLevel", f"{call.level:.2f} m"),
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
