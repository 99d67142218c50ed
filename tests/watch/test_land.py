"""The watch of rain and rivers: what starts an action, what is named, and that silence is said and ends nothing."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import tests.fixtures.reports as coast
from strandline.pipeline.deployment import (
    Deployment,
    RunMetadata,
    assess_zones,
    build_deployment,
    load_deployment,
    save_deployment,
)
from strandline.planning.early_action.evacuation.all_drivers import AllDrivers
from strandline.planning.early_action.evacuation.area_triggers import AreaTriggers, WholeRegion, danger_stream
from strandline.planning.early_action.evacuation.clearance_time import EvacuationSettings
from strandline.planning.early_action.evacuation.evacuation_areas import find_evacuation_areas
from strandline.planning.early_action.protocol import Protocol
from strandline.planning.early_action.streams import Stream
from strandline.planning.early_action.trigger_constants import STOP_HOURS
from strandline.planning.early_action.triggers import PhaseState
from strandline.report.alerts.exceedance import exceedance_of_members
from strandline.report.alerts.wording import Content, compose
from strandline.risk.hazard.joint.zone_floods import ZoneFloods
from strandline.uncertainty.gauge_forecast.land_forecast import PAST, LandForecast, LandForecaster
from strandline.watch.agent_state import AgentState, decode, encode
from strandline.watch.alerts.drafting import draft_messages
from strandline.watch.assimilation.land_danger import LandDanger, LandWatch
from strandline.watch.decision_rules import AgentConfig, decide
from tests.fixtures.batches import make_sea_level_model
from tests.fixtures.flood_warnings import ISSUER, assert_valid
from tests.fixtures.watches import a_deployment
from tests.watch.alerts.test_drafting import decision
from tests.watch.test_decision_rules import (
    CLEARANCE,
    EVACUATE,
    GO_UP,
    LEVEL,
    ensemble_of,
    evacuation,
    levels_of_peaks,
    make_config,
    next_hour,
    state_with_readings,
)

DRIVERS = AllDrivers(("sea", "rain"), 0.1)
CALM = levels_of_peaks(*[(5, 0.0)] * 10)
VARIABLE = danger_stream("")


def config(level: float = LEVEL) -> AgentConfig:
    area = WholeRegion((level,), CLEARANCE, "made up", all_drivers=DRIVERS)
    triggers = AreaTriggers(evacuation(), area, False, None, None)
    agreed = Protocol(
        title="a", source="b", confirmed_by="c", indicators=triggers.indicators, phases=tuple(triggers.phases)
    )
    return replace(make_config(evacuation()), protocol=agreed)


def land(state: AgentState, share: float, lead: int, *, unwatched: bool = False, was_known: bool = True) -> LandDanger:
    values = np.zeros((1, 49, 10))
    values[0, lead, : round(10 * share)] = 1
    issued = np.array([state.belief.hour], dtype="datetime64[ns]")
    stream = Stream("1", issued, np.arange(49.0), values)
    why = "floods of heavy rain are not watched now: of heavy rain 40 hours are missing" if unwatched else ""
    return LandDanger(
        {VARIABLE: stream}, {VARIABLE: ("rain",)}, ("rain",) if unwatched else (), why, None, was_known
    )  # fmt: skip


def test_rain_that_is_forecast_starts_an_evacuation_and_is_named() -> None:
    known = config()
    state = state_with_readings(known)
    state, decisions = decide(known, state, ensemble_of(state, CALM), None, land(state, 0.4, CLEARANCE + 1))
    main = next(one for one in decisions if one.action == EVACUATE)
    assert main.change == "start"
    assert main.probability == pytest.approx(0.4)
    assert main.onset == datetime(2020, 1, 1, 5 + CLEARANCE + 1)
    assert "40% chance of water that is dangerous to people, brought by heavy rain within 48 h" in main.why
    assert "(0% that the sea passes 2.00 m)" in main.why
    assert "not watched" not in main.why


def test_a_rain_too_near_to_leave_sends_people_up() -> None:
    known = config()
    state = state_with_readings(known)
    _, decisions = decide(known, state, ensemble_of(state, CALM), None, land(state, 0.4, 3))
    assert {one.action: one.change for one in decisions} == {EVACUATE: "stay_off", GO_UP: "start"}


def test_where_rain_is_not_known_each_decision_for_lives_says_so() -> None:
    known = config()
    state = state_with_readings(known)
    _, decisions = decide(known, state, ensemble_of(state, CALM), None, land(state, 0.0, 3, unwatched=True))
    assert all("floods of heavy rain are not watched now" in one.why for one in decisions)
    assert all(one.change == "stay_off" for one in decisions)


@pytest.mark.parametrize(("is_lost", "ends"), [(True, False), (False, True)])
def test_an_evacuation_for_rain_does_not_end_because_rain_is_not_known_any_more(is_lost: bool, ends: bool) -> None:
    known = config()
    state = state_with_readings(known)
    state, _ = decide(known, state, ensemble_of(state, CALM), None, land(state, 0.4, CLEARANCE + 1))
    for _ in range(STOP_HOURS + 2):
        state = next_hour(state)
        state, decisions = decide(known, state, ensemble_of(state, CALM), None, land(state, 0.0, 3, unwatched=is_lost))
    main = next(one for one in decisions if one.action == EVACUATE)
    assert state.phases[EVACUATE].active is not ends
    assert main.needs_person is not ends


def test_where_rain_was_never_known_the_sea_ends_what_the_sea_started() -> None:
    known = config()
    state = state_with_readings(known)
    storm = levels_of_peaks(*[(CLEARANCE + 1, LEVEL + 1)] * 10)
    state, _ = decide(
        known, state, ensemble_of(state, storm), None, land(state, 0.0, 3, unwatched=True, was_known=False)
    )
    assert state.phases[EVACUATE].active
    for _ in range(STOP_HOURS + 2):
        state = next_hour(state)
        silent = land(state, 0.0, 3, unwatched=True, was_known=False)
        state, _ = decide(known, state, ensemble_of(state, CALM), None, silent)
    assert not state.phases[EVACUATE].active


def test_when_rain_was_last_known_outlives_a_restart() -> None:
    known = config()
    state = replace(state_with_readings(known), land_known=np.datetime64("2020-01-01T03", "h"))
    assert decode(encode(state), known.model).land_known == state.land_known
    never = replace(state, land_known=None)
    assert decode(encode(never), known.model).land_known is None


def zone_floods(zones: int) -> ZoneFloods:
    """Every zone is dangerous by 100 mm of rain, none by the sea."""
    nodes = np.tile(np.array([[0.0, 1.0], [10.0, 100.0]]), (3, 1, 1))
    dangerous = np.tile(np.array([False, True, False, True]), (zones, 3, 1))
    share = dangerous.astype(np.float32)
    return ZoneFloods(
        ("sea", "rain"), nodes, np.full((3, 2), 0.01), share, dangerous, np.full(zones, 0.3), np.zeros(zones)
    )


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    """Evacuation areas of a place where rain endangers all zones."""
    observed, hazard, model = coast.observations("simulated"), coast.hazard("simulated"), make_sea_level_model()
    zones, response = assess_zones(observed, [hazard], model, np.random.default_rng(0))
    floods = zone_floods(len(zones))
    areas = find_evacuation_areas(
        zones, response, hazard, coast.assets(), np.zeros(observed.region.shape, dtype=bool), EvacuationSettings(),
        floods=floods,
    )  # fmt: skip
    indicators, phases = {}, []
    for area in areas.areas:
        triggers = AreaTriggers(evacuation(), area, False, None, None)
        indicators |= triggers.indicators
        phases += triggers.phases
    agreed = Protocol(title="a", source="b", confirmed_by="c", indicators=indicators, phases=tuple(phases))
    plan = replace(coast.a_plan(), evacuation=areas, protocol=agreed)
    metadata = RunMetadata("0", "abc", {"run": 7})
    found = build_deployment(observed, zones, response, hazard, plan, model, [], metadata, floods)
    return replace(found, land=("rain",))


def test_every_zone_that_rain_endangers_is_in_an_area(deployment: Deployment) -> None:
    assert deployment.evacuation is not None
    named = [name for area in deployment.evacuation.areas for name in area.zones]
    assert sorted(named) == sorted(deployment.zones.names)
    for area in deployment.evacuation.areas:
        assert area.all_drivers == AllDrivers(("sea", "rain"), 0.3, area.frequency.per_year)
        assert "the sea and heavy rain together bring such danger at least" in area.basis


def test_a_deployment_keeps_the_floods_of_its_zones(deployment: Deployment, tmp_path: Path) -> None:
    save_deployment(tmp_path, deployment)
    again = load_deployment(tmp_path)
    assert again.land == ("rain",)
    assert again.zone_floods is not None
    assert deployment.zone_floods is not None
    for name in ("values", "from_next", "flooded_share", "dangerous", "danger_a_year", "danger_by_sea"):
        one, other = (getattr(each.zone_floods, name) for each in (again, deployment))
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    assert again.evacuation is not None
    assert deployment.evacuation is not None
    assert [area.all_drivers for area in again.evacuation.areas] == [
        area.all_drivers for area in deployment.evacuation.areas
    ]


class Rain(LandForecaster):
    """So much rain in a day, six hours from now; or none is known."""

    def forecast(self, observations: object, issue: np.datetime64) -> LandForecast:
        if not self.rivers:
            return LandForecast(np.zeros((1, PAST + 49)), None, {"rain": "60 hours of rain are missing"})
        rain = np.zeros((1, PAST + 49))
        rain[:, PAST + 6] = 200.0
        return LandForecast(rain, None, {})


def watched(deployment: Deployment, *, knows: bool) -> LandDanger:
    forecaster = Rain((object(),) if knows else (), np.ones((1, 49)))  # type: ignore[arg-type]
    watch = LandWatch(forecaster, None)  # type: ignore[arg-type]
    return watch.danger(deployment, np.datetime64("2022-11-21T06", "h"), np.zeros((20, 49)), None)


def test_the_danger_of_each_area_is_read_from_the_maps(deployment: Deployment) -> None:
    found = watched(deployment, knows=True)
    assert deployment.evacuation is not None
    assert set(found.streams) == {danger_stream(area.name) for area in deployment.evacuation.areas}
    for variable in found.streams:
        members = found.members(variable)
        assert members is not None
        assert members[:, 6:].any(axis=1).all()
        assert not members[:, :6].any()
        assert found.drivers[variable] == ("rain",)
    assert found.unwatched == ()
    assert found.was_known
    silent = watched(deployment, knows=False)
    assert silent.unwatched == ("rain",)
    assert silent.why == "floods of heavy rain are not watched now: of heavy rain 60 hours of rain are missing"


def test_a_run_without_maps_of_rain_says_that_rain_is_not_watched(deployment: Deployment) -> None:
    found = watched(replace(deployment, zone_floods=None), knows=True)
    assert found.why == "floods of heavy rain are not watched: no map of this run shows them"
    assert found.streams == {}
    river = watched(replace(deployment, land=("rain", "river")), knows=True)
    assert river.unwatched == ("river",)
    assert "of the river no map of this run shows its floods" in river.why


def texts(drivers: tuple[str, ...], unwatched: tuple[str, ...] = ()) -> list[tuple[str, str, str, str]]:
    hours = np.datetime64("2022-11-21T06", "h") + np.arange(49).astype("timedelta64[h]")
    dangerous = np.zeros((20, 49), dtype=bool)
    dangerous[:8, 10:] = True
    exceedance = exceedance_of_members(hours, np.zeros((20, 49)), (2.0,), dangerous=dangerous)
    assert exceedance.probability == pytest.approx(0.4)
    content = Content(
        "Sella", ("Harbour",), "Evacuate", EVACUATE, "Evacuate", 2.0, "datum", exceedance, "own_gauge", False, drivers,
        unwatched,
    )  # fmt: skip
    languages = replace(ISSUER, languages=("en-GB", "it", "vi", "bn"))
    return [(one.event, one.headline, one.description, one.instruction) for one in compose(content, languages)]


def test_a_message_names_rain_in_every_language_and_no_level_of_the_sea_as_its_cause() -> None:
    english, *others = texts(("rain", "river"))
    assert english[0] == "Flood"
    assert "heavy rain and the river may flood it" in english[1]
    assert "2.00 m" not in english[2]
    assert "What: heavy rain and the river may flood low land." in english[3]
    for event, headline, description, instruction in others:
        assert len({event, headline, description, instruction}) == 4
        assert "{" not in f"{event}{headline}{description}{instruction}"
    assert "piogge intense e fiume" in others[0][1]


def test_a_message_by_the_sea_is_as_before() -> None:
    assert texts(()) == texts(("sea",))
    assert "the sea may flood it" in texts(("sea",))[0][1]


def test_a_message_says_what_is_not_watched_in_every_language() -> None:
    for with_doubt, without in zip(texts((), ("rain",)), texts(()), strict=True):
        assert with_doubt[2] != without[2]
    assert "Floods of heavy rain cannot be seen coming at present" in texts((), ("rain",))[0][2]


def test_an_alert_by_rain_is_a_valid_message_that_names_rain(deployment: Deployment) -> None:
    found = watched(deployment, knows=True)
    assert deployment.protocol is not None
    phase = deployment.protocol.phases[0]
    decided = replace(decision("start", 0.9), action=phase.name, where=phase.where[:1])
    state = state_with_readings(config())
    state = replace(state, phases={phase.name: PhaseState(active=True)})
    _, (draft,) = draft_messages(
        deployment, [decided], ["decision 1"], np.zeros((20, 49)), state, lambda hour: frozenset(), ISSUER, found,
        is_live=True,
    )  # fmt: skip
    assert_valid(draft.xml)
    text = ElementTree.tostring(ElementTree.fromstring(draft.xml), encoding="unicode")
    assert "heavy rain may flood it" in text
    assert ">drivers<" in text
    assert "waterLevel" not in text
    assert ">Severe<" in text
    assert "returnPeriod" not in text
    silent = watched(deployment, knows=False)
    _, (draft,) = draft_messages(
        deployment, [decided], ["decision 1"], np.full((20, 49), 9.0), state, lambda hour: frozenset(), ISSUER, silent,
        is_live=True,
    )  # fmt: skip
    assert_valid(draft.xml)
    assert b"cannot be seen coming at present" in draft.xml
    assert b"notWatched" in draft.xml


def test_a_place_without_rain_and_rivers_has_none_to_watch() -> None:
    assert a_deployment().land == ()
    assert a_deployment().zone_floods is None
