"""The watch end to end on a made-up site: readings, belief, decisions and alerts, and the same after a crash."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks.agent import faults
from benchmarks.agent.scripted_watch import ALONE
from strandline.errors import InputError
from strandline.pipeline.deployment import Deployment
from strandline.pipeline.deployment.protocol_in_force import ProtocolFile
from strandline.planning.actions import MONITORING
from strandline.planning.early_action.trigger_constants import PROBABILITY_FOR_LIVES
from strandline.planning.early_action.triggers import PhaseState
from strandline.report.alerts.cap import NAMESPACE
from strandline.watch.agent import ZoneRisk, _by_urgency
from strandline.watch.agent_state import initial_state
from strandline.watch.assimilation.fit_file import load_fit, save_fit
from strandline.watch.clock import hours_between
from strandline.watch.decisions import Change, Decision
from strandline.watch.feeds.replay import Replay
from strandline.watch.readings import Reading
from strandline.watch.run import screen_lines
from tests.fixtures.flood_warnings import assert_valid
from tests.fixtures.watched_site import (
    HOURS,
    START,
    fitted_model,
    lowest_level,
    make_watch,
    recordings,
    storm,
    storm_deployment,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return storm_deployment()


def test_actions_start_before_a_storm_and_stop_after_it(deployment: Deployment, tmp_path: Path) -> None:
    watch = make_watch(deployment, recordings(deployment, storm(deployment)), tmp_path)
    changes: list[tuple[int, str, str]] = []
    confirmed = ""
    for number, hour in enumerate(hours_between(START, START + timedelta(hours=HOURS))):
        decisions = watch.step(hour)
        assert decisions is not None
        assert decisions[-1].action == MONITORING
        changes += [(number, one.change, one.action) for one in decisions if one.change in ("start", "stop")]
        if not confirmed and (drafts := list(watch.store.read.alerts(START, hour))):
            confirmed = drafts[0].identifier
            watch.store.confirm(confirmed, ALONE, "seen the sea", hour)
    started = {action: number for number, change, action in changes if change == "start"}
    assert set(started) == set(deployment.zones_of_phase)
    assert max(started.values()) < 48
    forecast = watch.store.read.forecast()
    assert forecast is not None
    sea_level = [row for row in forecast.rows if row.variable == "water_level"]
    assert [row.lead_hours for row in sea_level] == [float(lead) for lead in range(49)]
    assert all(row.p05 <= row.p50 <= row.p95 for row in forecast.rows)
    zones = {row.zone for row in forecast.rows if row.variable == "flooded_share"}
    assert zones <= set(deployment.zones.names)
    watch.store.verify_log()
    drafts = list(watch.store.read.alerts(START, START + timedelta(hours=HOURS)))
    assert {draft.status for draft in drafts} == {"Exercise"}
    assert len(drafts) >= len(started)
    for draft in drafts:
        assert_valid(draft.draft.xml)
    assert all((tmp_path / "alerts" / "drafts" / f"{draft.identifier}.xml").exists() for draft in drafts)
    assert [path.stem for path in (tmp_path / "alerts" / "confirmed").iterdir()] == [confirmed]
    # an unconfirmed alert is neither updated nor cancelled
    messages = [ElementTree.fromstring(each.draft.xml) for each in drafts]
    references = [text for each in messages if (text := each.findtext(f"{{{NAMESPACE}}}references"))]
    assert references
    assert all(confirmed in each for each in references)


def test_a_protocol_file_is_logged_once_with_its_hash_and_keeps_what_is_running(
    deployment: Deployment, tmp_path: Path
) -> None:
    watch = make_watch(deployment, recordings(deployment, storm(deployment)), tmp_path)
    file = ProtocolFile("agreed.toml", "ab" * 32)
    followed = replace(watch, agent=replace(watch.agent, protocol_file=file))
    for hour in hours_between(START, START + timedelta(hours=3)):
        followed.step(hour)
    watch.step(START + timedelta(hours=4))
    entries = [(entry.time, entry.text) for entry in watch.store.read.log() if entry.kind == "protocol"]
    assert entries == [
        (START, f"follows the protocol file agreed.toml, SHA-256 {file.digest}"),
        (START + timedelta(hours=4), "follows the run's own protocol"),
    ]
    assert deployment.protocol is not None
    state = replace(
        initial_state(watch.agent.config.model, np.datetime64(START, "h")), phases={"gone": PhaseState(active=True)}
    )
    with pytest.raises(InputError, match=r"gone is running, and the protocol file agreed\.toml has no such"):
        followed.agent._with_protocol(state, None)  # type: ignore[arg-type]


def test_a_calm_sea_starts_nothing(deployment: Deployment, tmp_path: Path) -> None:
    calm = (lowest_level(deployment) - deployment.mean_sea_level) - 1.5
    watch = make_watch(deployment, recordings(deployment, min(calm, 0.0)), tmp_path)
    for hour in hours_between(START, START + timedelta(hours=24)):
        for decision in watch.step(hour) or ():
            assert decision.change != "start"


def test_a_step_is_done_once_and_a_new_process_continues_after_the_last_step(
    deployment: Deployment, tmp_path: Path
) -> None:
    replays = recordings(deployment, storm(deployment))
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    hours = list(hours_between(START, START + timedelta(hours=9)))
    for folder in (whole, parts):
        folder.mkdir()
    without_break = make_watch(deployment, replays, whole)
    for hour in hours:
        without_break.step(hour)
    for hour in hours:
        watch = make_watch(deployment, replays, parts)  # every hour another process, as after a crash
        assert watch.step(hour) is not None
        assert watch.step(hour) is None
        watch.store.close()
    continued = make_watch(deployment, replays, parts)
    logs = [[(one.kind, one.text) for one in each.store.read.log()] for each in (without_break, continued)]
    assert logs[0] == logs[1]
    forecasts = [each.store.read.forecast() for each in (without_break, continued)]
    assert forecasts[0] == forecasts[1]


def test_a_forecast_service_moves_the_belief_and_is_named(deployment: Deployment, tmp_path: Path) -> None:
    replays = recordings(deployment, 0.0)
    peak = storm(deployment)
    readings = [
        Reading(
            "service", "surge_forecast", START + timedelta(hours=lead), START, peak * (0.5 + lead / 60), member=member
        )
        for lead in range(49)
        for member in range(3)
    ]
    replays["service"] = Replay.of("service", readings, timedelta(hours=1))
    watch = make_watch(deployment, replays, tmp_path)
    moved: set[str] = set()
    for hour in hours_between(START, START + timedelta(hours=3)):
        for decision in watch.step(hour) or ():
            moved |= set(decision.moved_by)
    assert "service" in moved


def test_a_flood_scene_changes_the_forecast_of_the_zones(deployment: Deployment, tmp_path: Path) -> None:
    known = [name for name, share in zip(deployment.zones.names, deployment.response.unknown_share) if share < 1]  # noqa: B905
    seen = START + timedelta(hours=48)
    flooded = {}
    for share in (0.0, 1.0):
        replays = recordings(deployment, storm(deployment) - 1.2)
        scenes = [Reading("satellite", "flooded_share", seen, seen, share, zone) for zone in known]
        replays["satellite"] = Replay.of("satellite", scenes, timedelta(hours=1))
        folder = tmp_path / str(share)
        folder.mkdir()
        watch = make_watch(deployment, replays, folder)
        for hour in hours_between(seen - timedelta(hours=3), seen + timedelta(hours=2)):
            watch.step(hour)
        forecast = watch.store.read.forecast()
        assert forecast is not None
        flooded[share] = sum(row.p50 for row in forecast.rows if row.variable == "flooded_share")
        watch.store.close()
    assert flooded[1.0] > flooded[0.0] + 0.1


def test_actions_start_in_the_order_of_the_plan_lives_first_however_likely_the_others_are() -> None:
    def one(action: str, change: Change, probability: float) -> Decision:
        return Decision(START, action, change, (), probability, None, None, None, False, False, "", (), "")

    of_the_plan = [one("evacuate", "start", 0.49), one("close_floodgates", "stay_off", 0.1), one("pump", "start", 0.71)]
    assert [each.action for each in _by_urgency(of_the_plan)] == ["evacuate", "pump", "close_floodgates"]


def test_zones_are_named_by_their_own_chance_and_those_with_most_people_in_danger_first(
    deployment: Deployment, tmp_path: Path
) -> None:
    agent = make_watch(deployment, recordings(deployment, 0.0), tmp_path).agent
    assert deployment.protocol is not None
    phase = deployment.protocol.phases[0].model_copy(update={"life_safety": True})
    protocol = deployment.protocol.model_copy(update={"phases": (phase,)})
    names = deployment.zones.names
    protected = replace(deployment, protocol=protocol, zones_of_phase={phase.name: names})
    agent = replace(agent, deployment=protected, config=replace(agent.config, protocol=protocol))
    start = Decision(START, phase.name, "start", (), 0.5, None, None, None, False, False, "", (), "")
    people = np.arange(float(len(names)))
    certain, none = np.ones(len(names)), np.zeros(len(names))
    one_is_safe = np.where(people == people.max(), PROBABILITY_FOR_LIVES, 1.0)
    ranked = agent.with_zones(start, ZoneRisk(none, one_is_safe, people)).where
    assert ranked == tuple(reversed(names[:-1]))
    unknown = np.where(people == 0, np.nan, people)
    assert agent.with_zones(start, ZoneRisk(none, certain, unknown)).where[0] == names[0], "unknown is not none"
    keep = replace(start, change="keep")
    whole_area = agent.with_zones(start, ZoneRisk(certain, none, people)).where
    assert set(whole_area) == set(names), "no zone is likely enough by itself"
    assert agent.with_zones(keep, ZoneRisk(certain, none, people)).where == ()


def test_a_stored_fit_is_read_back_equal(deployment: Deployment, tmp_path: Path) -> None:
    fitted = fitted_model(deployment)
    save_fit(tmp_path, fitted)
    again = load_fit(tmp_path)
    assert again.tides == fitted.tides
    assert again.sources == fitted.sources
    np.testing.assert_array_equal(again.model.process.coefficients, fitted.model.process.coefficients)
    for one, other in zip(again.model.sensors, fitted.model.sensors, strict=True):
        assert (one.stream, one.ahead, one.gain, one.persistence) == (
            other.stream,
            other.ahead,
            other.gain,
            other.persistence,
        )
        np.testing.assert_array_equal(one.shocks, other.shocks)


def test_the_screen_shows_changes_and_the_loss_of_all_data(deployment: Deployment, tmp_path: Path) -> None:
    replays = recordings(deployment, storm(deployment))
    window = (START + timedelta(hours=44), START + timedelta(hours=200))
    watch = make_watch(deployment, {name: faults.dead(each, window) for name, each in replays.items()}, tmp_path)
    lines = [
        line
        for hour in hours_between(START + timedelta(hours=38), START + timedelta(hours=70))
        for line in screen_lines(hour, watch.step(hour))
    ]
    assert any(" START " in line for line in lines)
    assert "NO DATA" in lines[-1]
    assert list(screen_lines(START, None)) == []
