"""Drafts of warnings for what the agent decides; a person confirms, or nothing leaves."""

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
from strandline.watch.decision_rules import ActionState, AgentState
from strandline.watch.decisions import Decision
from strandline.watch.store.records import AlertDraft

ISSUER = Issuer("strandline.invalid", "Strandline (draft, not sent)")
VALID = timedelta(hours=24)
"""Of a warning beyond its onset: a storm's high waters."""


Confirmed = Callable[[datetime], frozenset[str]]
"""Hour → identifiers of the alerts of that hour that a person has confirmed."""


def draft_messages(
    deployment: Deployment,
    decisions: Sequence[Decision],
    names: Sequence[str],
    levels: Floats,
    state: AgentState,
    confirmed: Confirmed,
) -> tuple[AgentState, list[AlertDraft]]:
    """What is to be told of the actions, and the mind that remembers having told it.

    An alert when an action starts; an update when its certainty has changed since; a cancel when it stops. What no
    person has confirmed was never given out: it is neither updated nor cancelled, but said anew.

    Args:
        names: of the decisions in the store.
        levels: (N, 49) courses of the sea [m, region datum].
    """
    stakes = {each.action: each for each in deployment.action_parameters}
    actions = dict(state.actions)
    drafts = []
    for decision, name in zip(decisions, names, strict=True):
        if decision.action not in stakes or decision.change == "stay_off":
            continue
        action = actions[decision.action]
        former = _given(deployment, decision, action, confirmed)
        certainty = certainty_of(decision.probability or 0.0)
        if decision.change == "stop":
            actions[decision.action] = ActionState()
            if former is None:
                continue
            message = _cancel(deployment, decision, stakes[decision.action], levels, former)
        elif certainty == action.certainty:
            continue
        else:
            message = _alert(deployment, decision, stakes[decision.action], levels)
            if former is not None:
                message = replace(message, message="Update", replaces=(former,))
            actions[decision.action] = replace(action, last_alert=state.belief.hour, certainty=certainty)
        drafts.append(AlertDraft(as_cap(message, ISSUER), name))
    return replace(state, actions=actions), drafts


def _given(deployment: Deployment, decision: Decision, state: ActionState, confirmed: Confirmed) -> Reference | None:
    """The last message about an action, where a person has given it out."""
    if state.last_alert is None:
        return None
    last_alert = pd.Timestamp(state.last_alert)
    identifier = _identifier(_subject(deployment, decision), last_alert)
    return (
        Reference(ISSUER.sender, identifier, last_alert)
        if identifier in confirmed(last_alert.to_pydatetime())
        else None
    )


def _subject(deployment: Deployment, decision: Decision) -> str:
    return re.sub(r"[^a-z0-9]+", "-", f"{deployment.region.name} {decision.action}".lower()).strip("-")


def _identifier(subject: str, issued: pd.Timestamp) -> str:
    return f"strandline-{subject}-{issued:%Y%m%dT%H%M}"


def _cancel(
    deployment: Deployment, decision: Decision, stakes: ActionParameters, levels: Floats, former: Reference
) -> FloodWarning:
    return replace(
        _alert(deployment, decision, stakes, levels),
        message="Cancel",
        replaces=(former,),
        response="AllClear",
        headline=f"Cancelled: {deployment.region.name}, {decision.action.replace('_', ' ')}",
        description=f"The newest forecast no longer supports this warning: {decision.why}.",
        instruction="Confirm the forecast first. Then stand down.",
    )


def _alert(deployment: Deployment, decision: Decision, stakes: ActionParameters, levels: Floats) -> FloodWarning:
    issued = pd.Timestamp(decision.at)
    onset = issued if decision.onset is None else max(issued, pd.Timestamp(decision.onset))
    peak = float(np.quantile(levels.max(axis=1), 0.5))
    place, datum = deployment.region.name, deployment.region.vertical_datum
    subject = _subject(deployment, decision)
    mask = np.isin(deployment.zones.of_cell, [deployment.zones.names.index(zone) for zone in decision.where])
    degraded = "The own gauge is not heard; other streams stand in. " if decision.is_degraded else ""
    return FloodWarning(
        identifier=_identifier(subject, issued),
        subject=subject,
        provenance="simulated" if deployment.is_simulated else "real",
        issued=issued,
        onset=onset,
        expires=onset + VALID,
        probability=decision.probability or 0.0,
        return_period=rarity_of(
            max(peak, stakes.level), np.median(deployment.return_levels, axis=0).tolist(), deployment.return_periods
        ),
        event="Coastal flood",
        headline=f"{place}: {decision.action.replace('_', ' ')}",
        description=(
            f"{decision.why[:1].upper()}{decision.why[1:]}. {degraded}Levels are above {datum}. The area drawn holds"
            " the zones that this is for and that may be flooded; unknown ground is not in it and may flood as well."
        ),
        instruction=f"Confirm the forecast first. Then {decision.action.replace('_', ' ')}. {decision.would_change}.",
        response=stakes.response,
        area=place if not decision.where else f"{place}: {', '.join(decision.where)}",
        polygon=warned_polygon(deployment.region, mask),
        parameters=(
            ("waterLevel", f"{stakes.level:.2f} m"),
            ("verticalDatum", datum),
            ("expectedPeak", f"{peak:.2f} m"),
            ("trigger", decision.action),
        ),
    )
