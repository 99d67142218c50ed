"""The watch end to end on a made-up site: readings, belief, decisions and alerts, and the same after a crash."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from xml.etree import ElementTree

import httpx
import numpy as np
import pytest

import tests.fixtures.reports as coast
from benchmarks.agent import faults
from benchmarks.agent.scripted_watch import message
from strandline.errors import InputError
from strandline.observations.fetch.transfer.http import Service
from strandline.observations.readers.formats.reading_process import ReadingLimits, ReadingProcess
from strandline.observations.region_file.feed_sections import ForecastStreamSection, JsonStreamSection
from strandline.observations.sea_level.harmonic_tide import FittedTide, TidalConstants
from strandline.observations.sea_level.model import SeaLevelModel
from strandline.pipeline.deployment import Deployment, RunMetadata, assess_zones, build_deployment
from strandline.pipeline.deployment.protocol_in_force import ProtocolFile
from strandline.planning.actions import MONITORING
from strandline.planning.early_action.trigger_constants import PROBABILITY_FOR_LIVES
from strandline.planning.early_action.triggers import PhaseState
from strandline.report.alerts.cap import NAMESPACE
from strandline.uncertainty.assimilation.filter import SeaModel
from strandline.uncertainty.assimilation.fit import GaugeTide, SeaLevelFit
from strandline.uncertainty.assimilation.forecast_guidance import ExternalForecast, ForecastSource
from strandline.uncertainty.assimilation.gauge_model import Sensor, own_sensor
from strandline.uncertainty.assimilation.spread_inflation import NO_INFLATION
from strandline.uncertainty.assimilation.surge_process import SurgeProcess
from strandline.watch.agent import Agent, StudentFunction, ZoneRisk, _by_urgency
from strandline.watch.agent_state import decode, initial_state
from strandline.watch.assimilation.fit_file import load_fit, save_fit
from strandline.watch.assimilation.student_forecast import STUDENT
from strandline.watch.assimilation.tide_cache import TideTable
from strandline.watch.clock import hours_between
from strandline.watch.decision_rules import AgentConfig
from strandline.watch.decisions import Change, Decision
from strandline.watch.feeds.client import FeedClient, RetryPolicy
from strandline.watch.feeds.files.forecasts import ForecastFolder
from strandline.watch.feeds.files.foreign_files import ForeignFiles
from strandline.watch.feeds.recorded import GAUGE, SERVICE
from strandline.watch.feeds.replay import Replay
from strandline.watch.feeds.services.json_service import JsonService
from strandline.watch.feeds.services.levels import LevelFeed
from strandline.watch.readings import Reading
from strandline.watch.run import screen_lines
from strandline.watch.service import Watch
from strandline.watch.store import Damaged
from strandline.watch.store.database.locations import Locations
from strandline.watch.store.database.set_aside import set_aside
from strandline.watch.store.store import Store
from tests.fixtures.flood_warnings import assert_valid
from tests.fixtures.hostile_files import hanging_netcdf
from tests.fixtures.hostile_services import endless_body, serving
from tests.fixtures.stores import execute, unguarded

pytestmark = pytest.mark.slow

START = datetime(2022, 11, 20)
HOURS = 72
NEIGHBOURS = ("near", "far")
CONSTANTS = TidalConstants("Sella mole", 45.6, "made up", {"M2": 0.3}, {"M2": 123.4})


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    hazard = coast.hazard("simulated")
    higher = replace(hazard, levels=hazard.levels + 0.4)
    sea_level = SeaLevelModel(FittedTide(CONSTANTS, 0.0, np.zeros((3, 1))), 0.04 * np.exp(-np.arange(96) / 30))
    observed, metadata = coast.observations("simulated"), RunMetadata("0", "abc", {"run": 3})
    zones, response = assess_zones(observed, [hazard, higher], sea_level, np.random.default_rng(4))
    return build_deployment(observed, zones, response, hazard, coast.a_plan(), sea_level, [], metadata)


def fitted_model(deployment: Deployment) -> SeaLevelFit:
    process = SurgeProcess(np.array([1.3, -0.34]), np.array([0.02, 0.1]), np.array([[0.98, 0.02], [0.02, 0.98]]))
    own = deployment.gauges[0].name
    neighbours = (Sensor(name, 0, 1.0, 0.8, np.array([0.02, 0.08])) for name in NEIGHBOURS)
    tides = {name: GaugeTide(CONSTANTS, deployment.mean_sea_level) for name in (own, *NEIGHBOURS)}
    sources = (ForecastSource("service", 1.0), ForecastSource(STUDENT, 1.0))
    return SeaLevelFit(
        SeaModel(process, (own_sensor(own, process), *neighbours)),
        tides,
        NO_INFLATION,
        sources,
        (),
    )


def recordings(deployment: Deployment, peak: float) -> dict[str, Replay]:
    """Three gauges that agree on a surge which rises to ``peak`` [m] after two days."""
    first = np.datetime64(START - timedelta(hours=96), "h")
    time = first + np.arange(96 + HOURS + 49).astype("timedelta64[h]")
    since = (time - np.datetime64(START, "h")) / np.timedelta64(1, "h")
    surge = peak * np.exp(-(((since - 48) / 8) ** 2))
    level = deployment.mean_sea_level + deployment.sea_level.tide(time.astype("datetime64[ns]")) + surge
    noise = 0.01 * np.random.default_rng(0).standard_normal((3, time.size))
    names = (deployment.gauges[0].name, *NEIGHBOURS)
    return {
        name: Replay.of_gauge(name, time, level + each, timedelta(minutes=5))
        for name, each in zip(names, noise, strict=True)
    }


def make_watch(
    deployment: Deployment, replays: dict[str, Replay], folder: Path, student: StudentFunction | None = None
) -> Watch:
    fitted = fitted_model(deployment)
    tides = {name: TideTable(tide.level) for name, tide in fitted.tides.items()}
    config = AgentConfig(fitted.model, fitted.spread_inflation, tides, deployment.protocol)
    feeds = tuple(
        FeedClient(each, SERVICE if name == "service" else GAUGE, config.tides.get(name))
        for name, each in replays.items()
    )
    agent = Agent(deployment, fitted, config, feeds, student)
    return Watch(agent, Store.open(folder / "watch.db"), folder / "alerts")


def event_levels(deployment: Deployment) -> list[float]:
    assert deployment.protocol is not None
    return [phase.event.value for phase in deployment.protocol.phases if phase.event is not None]


def lowest_level(deployment: Deployment) -> float:
    return min(event_levels(deployment))


def storm(deployment: Deployment) -> float:
    """A surge that passes every level, whatever the tide."""
    return max(event_levels(deployment)) - deployment.mean_sea_level + 0.8


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
            watch.store.confirm(confirmed, "A. Person", "seen the sea", hour)
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


@pytest.mark.parametrize("fault", [name for name in faults.FAULTS if name != "repeated"])
def test_one_broken_gauge_starts_no_action(deployment: Deployment, tmp_path: Path, fault: str) -> None:
    replays = recordings(deployment, 0.0)
    own = deployment.gauges[0].name
    window = (START + timedelta(hours=4), START + timedelta(hours=30))
    replays[own] = faults.FAULTS[fault](replays[own], window)
    watch = make_watch(deployment, replays, tmp_path)
    for hour in hours_between(START, START + timedelta(hours=14)):
        for decision in watch.step(hour) or ():
            assert decision.change != "start", decision.why


def test_a_stream_that_others_contradict_is_rejected(deployment: Deployment, tmp_path: Path) -> None:
    replays = recordings(deployment, 0.0)
    own = deployment.gauges[0].name
    replays[own] = faults.datum_jump(replays[own], (START + timedelta(hours=6), START + timedelta(hours=50)))
    watch = make_watch(deployment, replays, tmp_path)
    for hour in hours_between(START, START + timedelta(hours=16)):
        watch.step(hour)
    health = {each.stream: each for each in watch.store.read.health()}
    assert health[own].condition in ("rejected", "silent", "late")
    assert health["near"].condition == "alive"
    assert health["near"].fallback == ""
    if health[own].condition != "late":
        assert health[own].fallback == "near, far"


def test_with_all_streams_dead_climate_and_tide_remain_and_a_person_decides(
    deployment: Deployment, tmp_path: Path
) -> None:
    window = (START + timedelta(hours=6), START + timedelta(hours=200))
    replays = {name: faults.dead(each, window) for name, each in recordings(deployment, 0.0).items()}
    watch = make_watch(deployment, replays, tmp_path)
    widths = []
    for hour in hours_between(START, START + timedelta(hours=34)):
        decisions = watch.step(hour)
        forecast = watch.store.read.forecast()
        assert decisions is not None
        assert forecast is not None
        now = next(row for row in forecast.rows if row.variable == "water_level" and row.lead_hours == 0)
        widths.append(now.p95 - now.p05)
    assert decisions[0].needs_person
    assert widths[-1] > 3 * widths[5]
    assert all(after >= 0.9 * before for before, after in pairwise(widths[6:]))  # a sample of 300 varies so much
    assert any(entry.kind == "no_data" for entry in watch.store.read.log())


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


def test_the_student_does_not_read_a_rejected_gauge(deployment: Deployment, tmp_path: Path) -> None:
    own = deployment.gauges[0].name
    tide = fitted_model(deployment).tides[own]
    asked_at: list[np.datetime64] = []

    def echo(hour: np.datetime64, time: np.ndarray, level: np.ndarray) -> ExternalForecast | None:
        """Forecasts, with a small spread, that the last reading persists."""
        assert time.size > 24
        asked_at.append(hour)
        return ExternalForecast(
            hour.astype("datetime64[h]"),
            np.arange(25),
            np.full(25, level[-1] - tide.level(time[-1:])[0]),
            np.full(25, 0.02),
        )

    replays = recordings(deployment, 0.0)
    jump = START + timedelta(hours=6)
    replays[own] = faults.datum_jump(replays[own], (jump, START + timedelta(hours=50)), jump=2.0)
    watch = make_watch(deployment, replays, tmp_path, echo)
    for hour in hours_between(START, START + timedelta(hours=12)):
        for decision in watch.step(hour) or ():
            assert decision.change != "start", decision.why
    assert len(asked_at) > 3
    assert max(asked_at) < np.datetime64(jump)
    with watch.store.step(START + timedelta(hours=13)) as step:
        stored = step.belief_state()
    assert stored is not None
    assert STUDENT not in decode(stored, watch.agent.config.model).sea.forecasts


# --- hostile streams -------------------------------------------------------------------------------------------------


def test_a_hanging_file_and_an_endless_answer_cost_a_step_their_time_and_the_store_names_both(
    deployment: Deployment, tmp_path: Path, socket_enabled: None
) -> None:
    (tmp_path / "in").mkdir()
    hanging_netcdf(tmp_path / "in" / "model.nc")
    keys = {"interval_hours": 1.0, "delay_hours": 0.25, "silent_after_hours": 6.0}
    forecast = ForecastStreamSection.model_validate(
        keys | {"kind": "forecast", "name": "model", "variable": "surge_forecast", "level": "surge"}
        | {"folder": str(tmp_path / "in")}
    )  # fmt: skip
    policy = RetryPolicy(timeout=6.0, attempts=1)
    with (
        serving(endless_body) as server,
        httpx.Client() as client,
        ReadingProcess(ReadingLimits(2.0, 0.0, 200)) as process,
    ):
        service = JsonStreamSection.model_validate(
            keys | {"kind": "json", "name": "pier", "url": f"http://127.0.0.1:{server.port}/", "time": "*.t"}
            | {"level": "*.v", "unit": "m", "vertical_datum": "region"}
        )  # fmt: skip
        files = ForeignFiles(process)
        watch = make_watch(deployment, recordings(deployment, storm(deployment)), tmp_path)
        hostile = (
            FeedClient(LevelFeed(Service("pier", client), JsonService(service)), GAUGE, None, policy),
            FeedClient(ForecastFolder(forecast, files=files), SERVICE, None, policy, files.quarantine),
        )
        watch = replace(watch, agent=replace(watch.agent, feeds=(*hostile, *watch.agent.feeds)))
        begin = perf_counter()
        decisions = watch.step(START + timedelta(hours=40))
        assert perf_counter() - begin < 2 * policy.timeout + 8.0  # a step alone takes some seconds on a busy machine
        assert decisions
        health = {each.stream: each for each in watch.store.read.health()}
    assert "sends more than 8 MB" in health["pier"].note
    assert "model.nc: was not read within 2 s" in health["model"].note
    others = [each.condition for name, each in health.items() if name not in ("pier", "model")]
    assert others == ["alive"] * 3


def test_a_forged_actual_and_readings_raised_by_three_metres_are_survived_and_reported(
    deployment: Deployment, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """On 2d0579a the forged alert lay in ``confirmed/``, and the watch went on with the raised readings."""
    replays, hours = recordings(deployment, 0.0), iter(hours_between(START, START + timedelta(hours=9)))
    watch, store = make_watch(deployment, replays, tmp_path), tmp_path / "watch.db"
    watch.step(next(hours))
    forged = message("forged", "leave at once", "Actual").decode().replace("'", "''")
    execute(
        store,
        f"INSERT INTO alerts SELECT 'forged', hour, 'Draft', '{forged}', id FROM decisions LIMIT 1",
        "INSERT INTO confirmations SELECT 1, NULL, 'forged', 'Eve', hour, '' FROM decisions LIMIT 1",
    )
    for _ in range(2):
        assert watch.step(next(hours)) is not None
    assert not list(tmp_path.glob("alerts/*/*"))
    assert "'forged' is not written to confirmed/" in caplog.text
    assert [entry.kind for entry in watch.store.read.log()].count("refusal") == 2
    watch.store.close()
    restarted = make_watch(deployment, replays, tmp_path)
    with pytest.raises(Damaged, match=r"alerts of .* do not match the log"):
        restarted.step(next(hours))
    restarted.store.close()
    set_aside(Locations.of(store), START, "forged")
    watch = make_watch(deployment, replays, tmp_path)
    watch.step(next(hours))
    watch.store.close()
    execute(store, *unguarded(store, "UPDATE readings SET value = value + 3"))
    watch = make_watch(deployment, replays, tmp_path)
    with pytest.raises(Damaged, match=r"readings of .* do not match the log"):
        watch.step(next(hours))
    watch.store.close()


def test_a_live_watch_refuses_a_store_from_2099_and_takes_no_step_of_the_future(
    deployment: Deployment, tmp_path: Path
) -> None:
    watch = replace(make_watch(deployment, recordings(deployment, 0.0), tmp_path), is_live=True)
    with pytest.raises(InputError, match="later than this machine's clock"):
        watch.step(datetime(2099, 1, 1))
    with watch.store.step(datetime(2099, 1, 1)):  # of a version before 0.3.0, by a wrong clock
        pass
    with pytest.raises(Damaged, match=r"its last step is of 2099-01-01T00:00, later than .*--set-aside"):
        watch.step(START)
    watch.store.close()
