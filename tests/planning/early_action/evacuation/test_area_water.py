"""Water of an area: people leave before it comes, and nobody is called back while it stands."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.planning.early_action.evacuation.area_triggers import AreaTriggers
from strandline.planning.early_action.evacuation.area_water import AreaWater, water_of
from strandline.planning.early_action.evacuation.evacuation_areas import EvacuationArea, EvacuationAreas
from strandline.planning.early_action.trigger_constants import DEFERRAL_HOURS, STOP_HOURS
from strandline.planning.measures import load_measures
from strandline.planning.plan import EarlyActionInputs, drainage_notes
from strandline.risk.timing.by_zone import EARLIER_HOURS, LONGER_HOURS, ZoneTimes
from strandline.risk.timing.simulated_floods import AFTER_HOURS, BEFORE_HOURS
from tests.planning.early_action.evacuation.test_evacuation_areas import found

HOURS = np.arange(BEFORE_HOURS + AFTER_HOURS + 1.0) - BEFORE_HOURS
BOTH = np.array([0, 1])


def sea(*peaks: float) -> np.ndarray:
    """(E, T) [m]: up and down by 10 cm an hour."""
    return np.stack([peak - 0.1 * np.abs(HOURS) for peak in peaks])


def times(dangerous: list[list[float]], until: list[list[float]], *peaks: float) -> ZoneTimes:
    first = np.array(dangerous)
    return ZoneTimes(np.full(len(peaks), 100.0), sea(*peaks), first, first - 1.0, np.array(until))


def test_water_that_comes_with_the_sea_at_its_level_is_ahead_by_the_allowance_alone() -> None:
    found_ = water_of(times([[-5.0], [np.inf]], [[10.0], [-np.inf]], 2.5), BOTH, 2.0)
    assert found_ == AreaWater(int(EARLIER_HOURS), 1, int(5.0 + LONGER_HOURS), False)


def test_the_earliest_zone_and_storm_decide_and_late_water_gains_no_time() -> None:
    of = times([[-5.0, -12.0], [-8.0, 3.0]], [[9.0, 9.0], [9.0, 30.0]], 2.5, 3.0)
    assert water_of(of, BOTH, 2.0).ahead_hours == 3 + EARLIER_HOURS  # −8 in the second zone; the sea is there at −5
    assert water_of(of, np.array([0]), 2.0).ahead_hours == 2 + EARLIER_HOURS  # −12; the sea is there at −10
    late = times([[30.0]], [[40.0]], 2.5)
    assert water_of(late, np.array([0]), 2.0).ahead_hours == 0


def test_a_level_that_no_dangerous_storm_reaches_is_taken_at_their_lowest_peak() -> None:
    of = times([[-1.0, -6.0]], [[9.0, 9.0]], 2.0, 2.5)
    found_ = water_of(of, np.array([0]), 9.0)
    assert found_.storms == 2
    assert found_.ahead_hours == 1 + EARLIER_HOURS  # at a sea of 2 m, which the second storm passes at −5


def test_an_area_that_no_storm_endangers_keeps_the_allowance_and_unknown_water_has_no_end() -> None:
    dry = water_of(times([[np.inf]], [[-np.inf]], 2.5), np.array([0]), 2.0)
    assert dry == AreaWater(int(EARLIER_HOURS), 0, None, False)
    assert dry.standing_in_words == "for an unknown time"
    unknown = water_of(times([[np.nan]], [[np.nan]], 2.5), np.array([0]), 2.0)
    assert unknown == AreaWater(int(EARLIER_HOURS), 0, AFTER_HOURS, True)
    assert unknown.standing_in_words == f"more than {AFTER_HOURS} hours"


@settings(max_examples=50, deadline=None)
@given(st.floats(-17.0, 10.0), st.floats(0.0, 10.0), st.floats(1.5, 2.9))
def test_sooner_water_never_shortens_the_lead(moment: float, sooner: float, level: float) -> None:
    late, early = (times([[each]], [[20.0]], 3.0) for each in (moment, moment - sooner))
    assert water_of(early, np.array([0]), level).ahead_hours >= water_of(late, np.array([0]), level).ahead_hours
    passes = float(HOURS[np.argmax(sea(3.0)[0] >= level)])
    assert water_of(late, np.array([0]), level).ahead_hours >= passes - 1.0 - moment


def with_water(water: AreaWater | None) -> EvacuationArea:
    return replace(found()[0].areas[0], water=water)


def triggers_of(area: EvacuationArea, drainage_hours: float | None = None) -> AreaTriggers:
    measure = next(each for each in load_measures().operational if each.key == "evacuate_low_lying_areas")
    return AreaTriggers(measure, area, has_night=True, drainage_hours=drainage_hours, neighbour=None)


def test_plan_and_watch_count_the_same_hours_and_clearance_ends_before_the_water() -> None:
    """The plan's table, the hindcast's needed hours and the watch's windows are one number."""
    plain, early = (with_water(each) for each in (None, AreaWater(4, 3, 20, False)))
    for area, ahead in ((plain, 0), (early, 4)):
        triggers = triggers_of(area)
        main, fallback = triggers.phases
        windows = triggers.indicators
        first, soon, near, left = (
            next(one for name, one in windows.items() if name.startswith(what))
            for what in ("in_time", "soon", "near", "left")
        )
        assert area.day_hours == area.clearance.day[2] + ahead
        assert list(main.needed_hours) == [area.day_hours, area.night_hours]
        by_night = first.at_night_hours or first.lead_window_hours
        assert [first.lead_window_hours[0], by_night[0]] == [area.day_hours, area.night_hours]
        assert soon.lead_window_hours[1] == area.day_hours - 1
        assert near.lead_window_hours[1] == area.day_hours + DEFERRAL_HOURS
        assert left.lead_window_hours[1] == area.day_hours + DEFERRAL_HOURS + STOP_HOURS
        assert main.ahead_hours == fallback.ahead_hours == ahead
        assert ("the water may come up to 4 hours before the sea is there" in main.why) == (ahead == 4)
        assert f"takes up to {area.clearance.day[2]} hours" in main.why.replace(
            f" (at night {area.clearance.night[2]})", ""
        )


@dataclass(frozen=True)
class Case:
    drainage: float | None
    water: AreaWater | None
    is_contradiction: bool


@pytest.mark.parametrize(
    "case",
    [
        Case(12.0, AreaWater(1, 2, 20, False), True),
        Case(24.0, AreaWater(1, 2, 20, False), False),
        Case(200.0, AreaWater(1, 2, 47, True), True),
        Case(None, AreaWater(1, 2, 20, False), False),
        Case(12.0, AreaWater(1, 0, None, False), False),
        Case(12.0, None, False),
    ],
)
def test_stated_hours_below_the_simulated_ones_are_called_a_contradiction(case: Case) -> None:
    areas = found()[0]
    area = with_water(case.water)
    inputs = EarlyActionInputs(EvacuationAreas((area,), (), areas.night, areas.local_night), case.drainage)
    notes = drainage_notes(inputs)
    assert bool(notes) == case.is_contradiction
    assert all(f"in {case.drainage:g} hours" in note for note in notes)
