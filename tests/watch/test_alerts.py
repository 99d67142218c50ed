"""What the watch drafts: only what a person gave out is updated or cancelled; all else is said anew or forgotten."""

from dataclasses import replace
from datetime import datetime
from xml.etree import ElementTree

import numpy as np
import pytest

from strandline.pipeline.deployment import Deployment
from strandline.report.alerts.cap import NAMESPACE
from strandline.watch.alerts import draft_messages
from strandline.watch.assimilation.filter import SeaModel, climatological_prior
from strandline.watch.assimilation.gauge_model import own_sensor
from strandline.watch.assimilation.surge_process import SurgeProcess
from strandline.watch.decision_rules import ActionState, AgentState
from strandline.watch.decisions import Change, Decision
from tests.fixtures.watches import a_deployment

NOW, BEFORE = datetime(2022, 11, 21, 6), datetime(2022, 11, 21, 3)
ACTION = "evacuate_low_lying_areas"
TOLD = ActionState(active=True, last_alert=np.datetime64(BEFORE, "h"), certainty="Possible")
GIVEN = "strandline-mouth-of-the-sella-evacuate-low-lying-areas-20221121T0300"


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return a_deployment()


def decision(change: Change, probability: float) -> Decision:
    return Decision(
        at=NOW, action=ACTION, change=change, where=(), probability=probability, expected_avoided_loss=None, cost=None,
        onset=None, is_degraded=False, needs_person=False, why="the sea passes 1.18 m", moved_by=(),
        would_change="a chance below 10 %",
    )  # fmt: skip


def draft(
    deployment: Deployment, decided: Decision, state: ActionState, confirmed: frozenset[str] = frozenset()
) -> tuple[ActionState, list[ElementTree.Element]]:
    """What becomes of the action, and the messages."""
    process = SurgeProcess(np.array([0.9]), np.array([0.02]), np.array([[1.0]]))
    model = SeaModel(process, (own_sensor("Sella mole", process),))
    before = AgentState(climatological_prior(model, np.datetime64(NOW, "h")), actions={ACTION: state})
    asked: list[datetime] = []

    def given(hour: datetime) -> frozenset[str]:
        asked.append(hour)
        return confirmed

    after, drafts = draft_messages(deployment, [decided], ["decision 1"], np.full((5, 49), 1.3), before, given)
    assert set(asked) <= {BEFORE}, "a confirmation is looked for where the message was"
    assert [each.decision for each in drafts] == ["decision 1"] * len(drafts)
    return after.actions[ACTION], [ElementTree.fromstring(each.xml) for each in drafts]


def said(message: ElementTree.Element, name: str) -> str | None:
    return message.findtext(f".//{{{NAMESPACE}}}{name}")


def test_an_action_that_starts_is_told_and_remembered(deployment: Deployment) -> None:
    state, (message,) = draft(deployment, decision("start", 0.6), ActionState(active=True))
    assert said(message, "msgType") == "Alert"
    assert said(message, "status") == "Exercise"
    assert said(message, "references") is None
    assert (state.last_alert, state.certainty) == (np.datetime64(NOW, "h"), said(message, "certainty"))


@pytest.mark.parametrize("change", ["keep", "start"])
def test_what_was_given_out_is_updated_when_its_certainty_changes(deployment: Deployment, change: Change) -> None:
    _, (message,) = draft(deployment, decision(change, 0.6), TOLD, frozenset({GIVEN}))
    assert said(message, "msgType") == "Update"
    assert GIVEN in str(said(message, "references"))
    state, messages = draft(deployment, decision(change, 0.2), TOLD, frozenset({GIVEN}))
    assert (state, messages) == (TOLD, []), "nothing new is nothing to tell"


def test_what_was_given_out_is_cancelled_when_its_action_stops(deployment: Deployment) -> None:
    state, (message,) = draft(deployment, decision("stop", 0.02), TOLD, frozenset({GIVEN, "another"}))
    assert said(message, "msgType") == "Cancel"
    assert GIVEN in str(said(message, "references"))
    assert "another" not in str(said(message, "references"))
    assert said(message, "responseType") == "AllClear"
    assert str(said(message, "headline")).startswith("Cancelled: ")
    assert "stand down" in str(said(message, "instruction"))
    assert state == ActionState()


@pytest.mark.parametrize("confirmed", [frozenset(), frozenset({"another"})])
def test_what_nobody_gave_out_is_never_cancelled_and_said_anew(
    deployment: Deployment, confirmed: frozenset[str]
) -> None:
    state, messages = draft(deployment, decision("stop", 0.02), TOLD, confirmed)
    assert (state, messages) == (ActionState(), [])
    _, (message,) = draft(deployment, decision("keep", 0.6), TOLD, confirmed)
    assert said(message, "msgType") == "Alert"
    assert said(message, "references") is None


def test_what_stays_off_or_is_no_action_of_the_place_is_not_told(deployment: Deployment) -> None:
    assert draft(deployment, decision("stay_off", 0.6), ActionState()) == (ActionState(), [])
    assert draft(deployment, replace(decision("start", 0.6), action="dance"), ActionState()) == (ActionState(), [])


def test_a_warning_says_that_the_own_gauge_is_not_heard(deployment: Deployment) -> None:
    _, (message,) = draft(deployment, replace(decision("start", 0.6), is_degraded=True), ActionState(active=True))
    assert "The own gauge is not heard" in str(said(message, "description"))
