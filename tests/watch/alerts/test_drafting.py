"""Alert drafts: only alerts that a person has confirmed are updated or cancelled."""

from dataclasses import replace
from datetime import datetime
from xml.etree import ElementTree

import numpy as np
import pytest

from strandline.pipeline.deployment import Deployment
from strandline.planning.early_action.evacuation.evacuation_areas import EvacuationAreas
from strandline.planning.early_action.protocol import InsteadOf, Night
from strandline.planning.early_action.triggers import PhaseState
from strandline.report.alerts.cap import NAMESPACE
from strandline.report.alerts.issuer import NOBODY
from strandline.uncertainty.assimilation.filter import SeaModel
from strandline.uncertainty.assimilation.gauge_model import own_sensor
from strandline.uncertainty.assimilation.sea_state import initial_sea_state
from strandline.uncertainty.assimilation.surge_process import SurgeProcess
from strandline.watch.agent_state import AgentState, AlertState, decode, encode
from strandline.watch.alerts.drafting import ALL_CLEAR, draft_messages, reasons_of_ends
from strandline.watch.decisions import Change, Decision
from tests.fixtures.flood_warnings import ISSUER, assert_valid
from tests.fixtures.watches import a_deployment

NOW, BEFORE = datetime(2022, 11, 21, 6), datetime(2022, 11, 21, 3)
ACTION = "evacuate_low_lying_areas"
ALERTED = AlertState(
    hours=(np.datetime64(BEFORE, "h"),), call="Evacuate", certainty="Possible", severity="Moderate", zones=(),
    starts=np.datetime64(NOW, "h") + 10, expires=np.datetime64(NOW, "h") + 17,
)  # fmt: skip
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
    deployment: Deployment,
    decided: Decision,
    state: AlertState,
    confirmed: frozenset[str] = frozenset(),
    levels: np.ndarray | None = None,
    *,
    heard: bool = True,
    go_up: bool = False,
    live: bool = True,
) -> tuple[AlertState, list[ElementTree.Element]]:
    """The action's state after drafting, and the messages."""
    process = SurgeProcess(np.array([0.9]), np.array([0.02]), np.array([[1.0]]))
    model = SeaModel(process, (own_sensor("Sella mole", process),))
    hour = np.datetime64(NOW, "h")
    before = AgentState(
        replace(initial_sea_state(model, hour), last_news=hour if heard else None),
        phases={ACTION: PhaseState(active=True), "go_up": PhaseState(active=go_up)},
        alerts={ACTION: state},
    )
    requested: list[datetime] = []

    def confirmed_at(hour: datetime) -> frozenset[str]:
        requested.append(hour)
        return confirmed

    after, drafts = draft_messages(
        deployment, [decided], ["decision 1"], levels_of(decided) if levels is None else levels, before, confirmed_at,
        ISSUER, is_live=live,
    )  # fmt: skip
    for each in drafts:
        assert_valid(each.xml)
    assert {np.datetime64(hour, "h") for hour in requested} <= set(state.hours), (
        "a confirmation is looked up at the hour of its message"
    )
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
    assert (state.hours, state.certainty) == ((np.datetime64(NOW, "h"),), text_of(message, "certainty"))


def test_an_alert_in_nobodys_name_is_drafted_anew_once_there_is_an_issuer(deployment: Deployment) -> None:
    assert draft(deployment, decision("keep", 0.2), replace(ALERTED, sender=ISSUER.sender))[1] == []
    state, (message,) = draft(deployment, decision("keep", 0.2), replace(ALERTED, sender=NOBODY))
    assert text_of(message, "sender") == state.sender == ISSUER.sender


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


@pytest.mark.parametrize(
    ("state", "confirmed", "reason"),
    [
        (ALERTED, frozenset(), "no person had confirmed its warning"),
        (replace(ALERTED, call=ALL_CLEAR), frozenset({IDENTIFIER}), "a person has given the all-clear"),
        (ALERTED, frozenset({IDENTIFIER}), None),
    ],
)
def test_an_evacuation_never_ends_without_a_reason_in_the_log(
    deployment: Deployment, state: AlertState, confirmed: frozenset[str], reason: str | None
) -> None:
    process = SurgeProcess(np.array([0.9]), np.array([0.02]), np.array([[1.0]]))
    sea = initial_sea_state(SeaModel(process, (own_sensor("Sella mole", process),)), np.datetime64(NOW, "h"))
    phases = {ACTION: PhaseState(active=True, needs_decision=True, awaits_all_clear=True)}
    before = AgentState(sea, phases, {ACTION: state})
    decided = decision("keep", 0.02)
    after, _ = draft_messages(
        deployment, [decided], ["decision 1"], levels_of(decided), before, lambda _: confirmed, ISSUER, is_live=True
    )
    reasons = reasons_of_ends(before, after)
    assert after.phases[ACTION].active == (reason is None)
    assert list(reasons) == ([] if reason is None else [ACTION])
    assert reason is None or reason in reasons[ACTION]


def test_an_inactive_or_unknown_action_drafts_nothing(deployment: Deployment) -> None:
    assert draft(deployment, decision("stay_off", 0.6), AlertState()) == (AlertState(), [])
    assert draft(deployment, replace(decision("start", 0.6), action="dance"), AlertState()) == (AlertState(), [])


def test_an_alert_states_that_the_own_gauge_gives_no_reading(deployment: Deployment) -> None:
    _, (message,) = draft(deployment, replace(decision("start", 0.6), is_degraded=True), AlertState())
    assert "The local tide gauge gives no valid reading" in str(text_of(message, "description"))
    _, (message,) = draft(deployment, replace(decision("start", 0.6), is_degraded=True), AlertState(), heard=False)
    assert "this rests on what was last known" in str(text_of(message, "description"))


def areas_of(message: ElementTree.Element) -> list[str | None]:
    return [area.findtext(f"{{{NAMESPACE}}}areaDesc") for area in message.iter(f"{{{NAMESPACE}}}area")]


def test_a_block_is_called_by_its_place_from_the_draft_to_the_cancel(deployment: Deployment) -> None:
    zone = deployment.zones.names[2]
    evacuation = EvacuationAreas((), (), Night(begins=20, ends=5), "", {zone: {"": "Bến Tre", "en": "Ben Tre"}})
    named = replace(deployment, evacuation=evacuation)
    decided, called = replace(decision("start", 0.6), where=(zone,)), f"{zone} (around Ben Tre)"
    state, (message,) = draft(named, decided, AlertState())
    assert areas_of(message) == [called]
    assert f"Where: {called}." in str(text_of(message, "instruction"))
    assert state.zones == (zone,), "the state and the recipients know it by its own name"
    over = replace(decided, change="stop", probability=0.02)
    _, (cancel,) = draft(named, over, replace(ALERTED, zones=(zone,)), frozenset({IDENTIFIER}))
    assert areas_of(cancel) == [called]
    assert f"Where: {called}." in str(text_of(cancel, "instruction"))


def shifted(hours: int, share: float = 0.4, highest: float = 1.3) -> np.ndarray:
    """The levels of a decision at ``share`` whose flood comes so much later [h]; negative = earlier."""
    levels = np.zeros((50, 49))
    levels[: round(share * 50), 10 + hours : 17 + hours] = highest
    return levels


def test_the_message_is_of_the_event_until_its_end_and_outlines_each_zone(deployment: Deployment) -> None:
    zones = deployment.zones.names[2:5]
    spread = np.zeros((50, 49))
    for member in range(30):
        spread[member, 6 + member // 3 : 8 + member // 3] = 1.3  # 30 of 50, in no hour more than 6
    _, (message,) = draft(deployment, replace(decision("start", 0.6), where=zones), AlertState(), levels=spread)
    assert text_of(message, "certainty") == "Likely"
    assert text_of(message, "expires") == "2022-11-21T23:00:00-00:00", (
        "the last member's last hour, not 24 h after onset"
    )
    assert areas_of(message) == list(zones)
    assert "How sure: about 6 in 10" in str(text_of(message, "instruction"))


KNOWN = replace(ALERTED, zones=("A1", "B2"))


@pytest.mark.parametrize(
    ("last", "levels"),
    [
        (replace(ALERTED, starts=np.datetime64(NOW, "h") + 13), shifted(0)),
        (ALERTED, shifted(0, highest=9.0)),
        (replace(ALERTED, expires=np.datetime64(NOW, "h") + 1), shifted(0)),
        (ALERTED, shifted(0, share=0.6)),
    ],
    ids=["sooner by three hours", "higher", "running out", "more certain"],
)
def test_people_are_warned_again_when_the_last_message_is_wrong(
    deployment: Deployment, last: AlertState, levels: np.ndarray
) -> None:
    state, (message,) = draft(deployment, decision("keep", 0.4), last, frozenset({IDENTIFIER}), levels)
    assert text_of(message, "msgType") == "Update"
    assert draft(deployment, decision("keep", 0.4), ALERTED, frozenset({IDENTIFIER}), shifted(1))[1] == []
    assert state.hours == (np.datetime64(BEFORE, "h"), np.datetime64(NOW, "h"))


def test_a_zone_that_comes_into_danger_is_warned_and_none_that_was_warned_is_dropped(deployment: Deployment) -> None:
    first, second, third = deployment.zones.names[:3]
    last = replace(ALERTED, zones=(first, second))
    new = replace(decision("keep", 0.4), where=(third, second))
    _, (update,) = draft(deployment, new, last, frozenset({IDENTIFIER}))
    assert areas_of(update) == [first, second, third]
    _, (alert,) = draft(deployment, new, last)
    assert areas_of(alert) == [third, second], "nobody in the first was warned"
    assert draft(deployment, replace(new, where=(first,)), last, frozenset({IDENTIFIER}))[1] == []
    _, (cancel,) = draft(deployment, replace(new, change="stop", where=()), last, frozenset({IDENTIFIER}))
    assert areas_of(cancel) == [first, second], "all who were warned get the all-clear"


def test_a_cancel_revokes_every_confirmed_message_even_under_an_unconfirmed_update(deployment: Deployment) -> None:
    hours = tuple(np.datetime64(BEFORE, "h") - 3 * ago for ago in (2, 1, 0))
    last = replace(ALERTED, hours=hours)
    names = [
        IDENTIFIER.replace("T0300", f"T{hour.item():%H%M}").replace("20221121", f"{hour.item():%Y%m%d}")
        for hour in hours
    ]
    _, (cancel,) = draft(deployment, decision("stop", 0.02), last, frozenset(names[:2]))
    assert text_of(cancel, "msgType") == "Cancel"
    assert [reference.split(",")[1] for reference in str(text_of(cancel, "references")).split()] == names[:2]


def test_after_the_water_people_are_asked_to_wait_and_not_to_leave_again(deployment: Deployment) -> None:
    _, (message,) = draft(deployment, decision("keep", 0.0), ALERTED, frozenset({IDENTIFIER}))
    instruction = str(text_of(message, "instruction"))
    assert "stay where you are safe until the authority gives the all-clear" in instruction
    assert "leave these areas" not in instruction
    assert text_of(message, "responseType") == "Avoid"


def test_beside_a_running_fallback_nobody_is_asked_to_set_out_any_more(deployment: Deployment) -> None:
    assert deployment.protocol is not None
    main = deployment.protocol.phases[0]
    indicator = next(iter(deployment.protocol.indicators_of(main.start)))
    update = {"name": "go_up", "response": "Shelter", "instead_of": InsteadOf(phase=ACTION, indicator=indicator)}
    protocol = deployment.protocol.model_copy(update={"phases": (main, main.model_copy(update=update))})
    zones = deployment.zones_of_phase
    both = replace(deployment, protocol=protocol, zones_of_phase={ACTION: zones[ACTION], "go_up": zones[ACTION]})
    state, (message,) = draft(both, decision("keep", 0.4), ALERTED, frozenset({IDENTIFIER}), go_up=True)
    assert "If you have not left, do not set out any more" in str(text_of(message, "instruction"))
    assert "leave these areas" not in str(text_of(message, "instruction"))
    assert (text_of(message, "msgType"), text_of(message, "responseType"), state.call) == ("Update", "Shelter", "Late")
    assert draft(both, decision("keep", 0.4), ALERTED, frozenset({IDENTIFIER}))[1] == [], "the fallback is at rest"


def test_each_level_at_which_danger_may_begin_counts(deployment: Deployment) -> None:
    assert deployment.protocol is not None
    indicators = {
        name: each.model_copy(update={"values": (1.2, 1.4, 9.0)})
        for name, each in deployment.protocol.indicators.items()
    }
    unsure = replace(deployment, protocol=deployment.protocol.model_copy(update={"indicators": indicators}))
    _, (message,) = draft(unsure, decision("start", 0.6), AlertState())
    parameters = {pair[0].text: pair[1].text for pair in message.iter(f"{{{NAMESPACE}}}parameter")}
    assert parameters["probability"] == "0.20", "0.6 of the members pass one of three levels"
    assert "waterLevel" not in parameters, "the chance is that of no level"
    text = str(text_of(message, "description"))
    assert text.startswith("Water that is dangerous to people may come, brought by the sea. Chance: about 2 in 10.")


def test_a_replay_of_the_past_drafts_exercises_of_a_real_place_too(deployment: Deployment) -> None:
    real = {name: replace(each, kind="real") for name, each in deployment.provenance.items()}
    place = replace(deployment, provenance=real)
    for live, status, headline in ((True, "Draft", "Mouth of the Sella: "), (False, "Exercise", "EXERCISE: ")):
        _, (message,) = draft(place, decision("start", 0.6), AlertState(), live=live)
        assert text_of(message, "status") == status
        assert str(text_of(message, "headline")).startswith(headline)
        assert ("A replay of hours that have passed" in str(text_of(message, "note"))) == (status == "Exercise")


def test_what_was_drafted_survives_a_restart() -> None:
    process = SurgeProcess(np.array([0.9]), np.array([0.02]), np.array([[1.0]]))
    model = SeaModel(process, (own_sensor("Sella mole", process),))
    state = AgentState(initial_sea_state(model, np.datetime64(NOW, "h")), alerts={ACTION: KNOWN, "other": AlertState()})
    assert dict(decode(encode(state), model).alerts) == dict(state.alerts)
