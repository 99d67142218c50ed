"""Alert drafts: only alerts that a person has confirmed are updated or cancelled."""

from dataclasses import replace
from datetime import datetime
from xml.etree import ElementTree

import numpy as np
import pytest

from strandline.pipeline.deployment import Deployment
from strandline.planning.early_action.triggers import PhaseState
from strandline.report.alerts.cap import NAMESPACE
from strandline.uncertainty.assimilation.filter import SeaModel
from strandline.uncertainty.assimilation.gauge_model import own_sensor
from strandline.uncertainty.assimilation.sea_state import initial_sea_state
from strandline.uncertainty.assimilation.surge_process import SurgeProcess
from strandline.watch.agent_state import AgentState, AlertState
from strandline.watch.alerts import draft_messages
from strandline.watch.decisions import Change, Decision
from tests.fixtures.flood_warnings import ISSUER, assert_valid
from tests.fixtures.watches import a_deployment

NOW, BEFORE = datetime(2022, 11, 21, 6), datetime(2022, 11, 21, 3)
ACTION = "evacuate_low_lying_areas"
ALERTED = AlertState(np.datetime64(BEFORE, "h"), "Possible")
IDENTIFIER = "strandline-mouth-of-the-sella-evacuate-low-lying-areas-20221121T0300"


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
    deployment: Deployment, decided: Decision, state: AlertState, confirmed: frozenset[str] = frozenset()
) -> tuple[AlertState, list[ElementTree.Element]]:
    """The action's state after drafting, and the messages."""
    process = SurgeProcess(np.array([0.9]), np.array([0.02]), np.array([[1.0]]))
    model = SeaModel(process, (own_sensor("Sella mole", process),))
    before = AgentState(
        initial_sea_state(model, np.datetime64(NOW, "h")),
        phases={ACTION: PhaseState(active=True)},
        alerts={ACTION: state},
    )
    requested: list[datetime] = []

    def confirmed_at(hour: datetime) -> frozenset[str]:
        requested.append(hour)
        return confirmed

    after, drafts = draft_messages(
        deployment, [decided], ["decision 1"], levels_of(decided), before, confirmed_at, ISSUER
    )
    for each in drafts:
        assert_valid(each.xml)
    assert set(requested) <= {BEFORE}, "a confirmation is looked up at the hour of its message"
    assert [each.decision for each in drafts] == ["decision 1"] * len(drafts)
    return after.alerts.get(ACTION, AlertState()), [ElementTree.fromstring(each.xml) for each in drafts]


def levels_of(decided: Decision) -> np.ndarray:
    """(50, 49) levels [m]: the decision's share of the members reaches 1.3 m from 10 to 16 h ahead."""
    levels = np.zeros((50, 49))
    levels[: round((decided.probability or 0.0) * 50), 10:17] = 1.3
    return levels


def text_of(message: ElementTree.Element, name: str) -> str | None:
    return message.findtext(f".//{{{NAMESPACE}}}{name}")


def test_a_starting_action_drafts_an_alert_and_the_state_records_it(deployment: Deployment) -> None:
    state, (message,) = draft(deployment, decision("start", 0.6), AlertState())
    assert text_of(message, "msgType") == "Alert"
    assert text_of(message, "status") == "Exercise"
    assert text_of(message, "references") is None
    assert (state.at, state.certainty) == (np.datetime64(NOW, "h"), text_of(message, "certainty"))


@pytest.mark.parametrize("change", ["keep", "start"])
def test_a_confirmed_alert_is_updated_when_its_certainty_changes(deployment: Deployment, change: Change) -> None:
    _, (message,) = draft(deployment, decision(change, 0.6), ALERTED, frozenset({IDENTIFIER}))
    assert text_of(message, "msgType") == "Update"
    assert IDENTIFIER in str(text_of(message, "references"))
    state, messages = draft(deployment, decision(change, 0.2), ALERTED, frozenset({IDENTIFIER}))
    assert (state, messages) == (ALERTED, []), "without a change there is no message"


def test_a_confirmed_alert_is_cancelled_when_its_action_stops(deployment: Deployment) -> None:
    state, (message,) = draft(deployment, decision("stop", 0.02), ALERTED, frozenset({IDENTIFIER, "another"}))
    assert text_of(message, "msgType") == "Cancel"
    assert IDENTIFIER in str(text_of(message, "references"))
    assert "another" not in str(text_of(message, "references"))
    assert text_of(message, "responseType") == "AllClear"
    assert str(text_of(message, "headline")).startswith("Cancelled: ")
    assert "Go back only when the authority says so" in str(text_of(message, "instruction"))
    assert state == AlertState()


@pytest.mark.parametrize("confirmed", [frozenset(), frozenset({"another"})])
def test_an_unconfirmed_alert_is_never_cancelled_but_drafted_again(
    deployment: Deployment, confirmed: frozenset[str]
) -> None:
    state, messages = draft(deployment, decision("stop", 0.02), ALERTED, confirmed)
    assert (state, messages) == (AlertState(), [])
    _, (message,) = draft(deployment, decision("keep", 0.6), ALERTED, confirmed)
    assert text_of(message, "msgType") == "Alert"
    assert text_of(message, "references") is None


def test_an_inactive_or_unknown_action_drafts_nothing(deployment: Deployment) -> None:
    assert draft(deployment, decision("stay_off", 0.6), AlertState()) == (AlertState(), [])
    assert draft(deployment, replace(decision("start", 0.6), action="dance"), AlertState()) == (AlertState(), [])


def test_an_alert_states_that_the_own_gauge_gives_no_reading(deployment: Deployment) -> None:
    _, (message,) = draft(deployment, replace(decision("start", 0.6), is_degraded=True), AlertState())
    assert "The local tide gauge gives no valid reading" in str(text_of(message, "description"))
