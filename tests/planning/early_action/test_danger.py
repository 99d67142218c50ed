"""Danger by sea, rain and rivers together in the triggers of an evacuation area: the same rule on the same members."""

from dataclasses import replace

import numpy as np
import pytest

from strandline.errors import InputError
from strandline.planning.early_action.evacuation.all_drivers import AllDrivers, all_drivers_of, periods_of
from strandline.planning.early_action.evacuation.area_triggers import AreaTriggers, WholeRegion, danger_stream
from strandline.planning.early_action.indicators import findings, probability_of, stream_of
from strandline.planning.early_action.protocol import Indicator, Phase, Protocol
from strandline.planning.early_action.streams import Stream, forecast_stream
from strandline.planning.early_action.trigger_constants import FORECAST
from strandline.planning.early_action.triggers import PhaseState, signals_of, step
from strandline.planning.measures import Fallback, OperationalMeasure
from tests.fixtures.zone_floods import two_zones

HOUR = np.datetime64("2020-01-01T00", "ns")
CLOCK = np.array([HOUR - np.timedelta64(1, "h"), HOUR])
LEVEL, CLEARANCE, MEMBERS = 2.0, 12, 100
DRIVERS = AllDrivers(("sea", "rain", "river"), 0.1)
MEASURE = OperationalMeasure(
    "evacuate_low_lying_areas", "Evacuate", (), (CLEARANCE, 48.0), "Evacuate", True, None, None,
    fallback=Fallback("go_up", "Go up", "Shelter"),
)  # fmt: skip


def triggers(level: float = LEVEL, drivers: AllDrivers | None = DRIVERS, hours: int = CLEARANCE) -> AreaTriggers:
    return AreaTriggers(MEASURE, WholeRegion((level,) * 5, hours, "made up", all_drivers=drivers), False, None, None)


def protocol(level: float = LEVEL, drivers: AllDrivers | None = DRIVERS, hours: int = CLEARANCE) -> Protocol:
    of_area = triggers(level, drivers, hours)
    return Protocol(title="a", source="b", confirmed_by="c", indicators=of_area.indicators, phases=of_area.phases)


def sea(share: float, lead: int = 24) -> Stream:
    levels = np.zeros((MEMBERS, 49))
    levels[: round(share * MEMBERS), lead] = LEVEL + 0.5
    return forecast_stream(HOUR, levels, True)


def danger(share: float, lead: int = 24, first: int = 0, *, heard: bool = True) -> Stream:
    values = np.zeros((1, 49, MEMBERS))
    values[0, lead, first : first + round(share * MEMBERS)] = 1
    return Stream("1", np.array([HOUR]), np.arange(49.0), values, np.array([heard]))


def active(history: dict[str, Stream], agreed: Protocol) -> set[str]:
    found = {name: findings(one, history, CLOCK) for name, one in agreed.indicators.items()}
    signals = {phase.name: signals_of(phase, agreed, found, CLOCK) for phase in agreed.phases}
    states = {phase.name: PhaseState() for phase in agreed.phases}
    return {name for name, state in step(agreed, states, signals, 1, HOUR).items() if state.active}


def test_rain_starts_what_a_sea_as_likely_would_start() -> None:
    agreed, variable = protocol(), danger_stream("")
    lead = CLEARANCE + 2
    assert active({FORECAST: sea(0.3, lead)}, agreed) == {MEASURE.key}
    assert active({FORECAST: sea(0.0), variable: danger(0.3, lead)}, agreed) == {MEASURE.key}
    assert active({FORECAST: sea(0.0), variable: danger(0.3, 3)}, agreed) == {"go_up"}
    assert active({FORECAST: sea(0.0), variable: danger(0.1, lead)}, agreed) == set()


@pytest.mark.parametrize("hours", [1, 2, 12])
def test_who_has_just_the_hours_that_leaving_takes_leaves_and_who_has_an_hour_less_goes_up(hours: int) -> None:
    agreed = protocol(drivers=None, hours=hours)
    assert active({FORECAST: sea(0.3, hours)}, agreed) == {MEASURE.key}
    assert active({FORECAST: sea(0.3, hours - 1)}, agreed) == {"go_up"}
    as_long_at_night = replace(triggers(drivers=None, hours=hours), has_night=True)
    assert as_long_at_night.indicators == agreed.indicators


def test_chances_of_other_members_add_up_and_those_of_the_same_count_once() -> None:
    agreed, variable = protocol(), danger_stream("")
    lead = CLEARANCE + 2
    others, same = danger(0.15, lead, first=50), danger(0.15, lead)
    assert active({FORECAST: sea(0.15, lead), variable: others}, agreed) == {MEASURE.key}
    assert active({FORECAST: sea(0.15, lead), variable: same}, agreed) == set()


def test_without_the_danger_the_sea_alone_decides_as_before() -> None:
    for share in (0.1, 0.3):
        with_field, before = (active({FORECAST: sea(share, 14)}, protocol(drivers=each)) for each in (DRIVERS, None))
        assert with_field == before


def test_danger_that_is_not_heard_proves_no_calm() -> None:
    agreed = protocol()
    indicator = agreed.indicators["left_evacuate_low_lying_areas"]
    heard, silent = (
        findings(indicator, {FORECAST: sea(0.0), danger_stream(""): danger(0.0, heard=each)}, CLOCK)
        for each in (True, False)
    )
    assert heard.is_heard[1]
    assert not silent.is_heard[1]


def test_an_area_that_the_sea_never_endangers_starts_by_rain_alone_and_is_for_no_level() -> None:
    agreed, variable = protocol(np.inf), danger_stream("")
    assert active({FORECAST: sea(1.0, 14)}, agreed) == set()
    assert active({FORECAST: sea(0.0), variable: danger(0.3, 14)}, agreed) == {MEASURE.key}
    for phase in agreed.phases:
        assert phase.event is None
        assert phase.degraded.fallback is None
        assert "999" not in f"{phase.when} {phase.why}"
        assert "the sea, heavy rain and the river together" in phase.when


def test_words_name_the_drivers_only_where_they_are_mapped() -> None:
    main: Phase = triggers().phases[0]
    assert "passes about 2.00 m, or that the sea, heavy rain and the river together" in main.when
    assert "at least" in AllDrivers(("sea", "rain"), 0.1).how_often
    assert "rain" not in triggers(drivers=None).phases[0].why


def test_a_stream_of_other_members_is_refused() -> None:
    with pytest.raises(InputError, match="same issues, leads and members"):
        sea(0.1).with_danger(Stream("1", np.array([HOUR]), np.arange(49.0), np.zeros((1, 49, 3))))


def test_an_indicator_of_danger_needs_a_rising_condition_without_a_loss() -> None:
    known = triggers().indicators["flood_evacuate_low_lying_areas"]
    with pytest.raises(ValueError, match="'danger' needs"):
        Indicator.model_validate({**known.model_dump(), "operator": "<="})


def test_the_probability_is_that_of_either() -> None:
    known = triggers().indicators["flood_evacuate_low_lying_areas"]
    stream = stream_of(known, {FORECAST: sea(0.15), danger_stream(""): danger(0.15, 30, first=50)})
    assert stream is not None
    assert probability_of(known, stream)[0] == pytest.approx(0.3)


def test_an_area_is_as_often_in_danger_as_its_worst_zone() -> None:
    floods = two_zones()
    found = all_drivers_of(floods, np.array([0, 1]), 0.0)
    assert found is not None
    assert found.how_often == "at least once in 4 years"
    assert found.per_year == 0.2
    assert found.others == "heavy rain"
    np.testing.assert_allclose(periods_of(floods, 2), [20, 5])
    assert np.isinf(periods_of(None, 2)).all()


def test_all_drivers_bring_danger_no_more_rarely_than_the_sea() -> None:
    found = all_drivers_of(two_zones(), np.array([0, 1]), 1.8)
    assert found is not None
    assert found.how_often == "at least 1.8 times a year"
