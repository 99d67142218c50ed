"""The clearance time: its terms in closed form, its direction in every input, and what is unknown."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.planning.early_action.evacuation.clearance_time import (
    INPUTS,
    LEFT_SHARE,
    SHARE_ON_FOOT,
    UNKNOWN_HOURS,
    EvacuationSettings,
    clearance_time,
    hours_to_leave,
    traffic_margin,
)
from strandline.risk.impact.ways_out import WaysOut
from strandline.risk.people import People

NOTHING_STATED = EvacuationSettings()
WAYS = WaysOut(roads=2, to_shelter=800.0, to_safe_ground=3000.0, places=500.0)
PEOPLE = st.floats(0, 1e6)


def exactly(people: float) -> People:
    return People(people, people, people)


def hours(people: float, ways: WaysOut = WAYS, continent: str = "asia", **stated: float) -> tuple[int, ...]:
    found = clearance_time(exactly(people), ways, continent, EvacuationSettings(**stated))
    return *found.day, *found.night


@pytest.mark.parametrize("departure", [0.5, 2.0, 6.0])
@pytest.mark.parametrize("queue", [0.0, 0.3, 2.0, 5.0, 40.0])
def test_leaving_takes_as_long_as_a_queue_fed_by_the_departure_curve(departure: float, queue: float) -> None:
    """Against a queue stepped through time: it gains those who leave home and loses what the road takes."""
    step, waiting, passed, time = departure / 4000, 0.0, 0.0, 0.0
    while passed < 1 - 1e-9:
        share = 1.0 if time >= departure else 1 - (1 - LEFT_SHARE) ** ((time / departure) ** 2)
        waiting = share - passed
        passed += waiting if queue == 0 else min(waiting, step / queue)
        time += step
    assert hours_to_leave(np.array([departure]), np.array([queue]))[0] == pytest.approx(time, abs=0.01 * (1 + queue))


def test_leaving_without_a_queue_takes_the_departure_and_with_a_long_one_the_queue() -> None:
    departure = np.array([2.0, 2.0])
    found = hours_to_leave(departure, np.array([0.0, 1000.0]))
    assert found[0] == 2.0
    assert found[1] == pytest.approx(1000.0, abs=2.0)


@settings(deadline=None)
@given(st.floats(0.1, 10), st.floats(0, 100))
def test_leaving_is_no_shorter_than_either_term_and_no_longer_than_both(departure: float, queue: float) -> None:
    found = float(hours_to_leave(np.array([departure]), np.array([queue]))[0])
    assert max(departure, queue) - 1e-9 <= found <= departure + queue + 1e-9


def test_the_traffic_margin_is_an_hour_and_half_an_hour_for_each_three_hours_of_queue_after_three() -> None:
    np.testing.assert_array_equal(traffic_margin(np.array([0.0, 3.0, 3.1, 6.0, 16.0])), [1.0, 1.0, 1.5, 1.5, 3.5])


def test_the_hours_without_people_are_those_to_decide_warn_and_leave() -> None:
    found = clearance_time(exactly(0), WAYS, "asia", NOTHING_STATED)
    fixed = [INPUTS[name] for name in ("decision", "warning", "departure")]
    mean = sum((each.low + 2 * each.value + each.high) / 4 for each in fixed)  # half below the value, half above
    assert sum(each.low for each in fixed) < found.day[0]
    assert found.day[1] == math.ceil(mean)
    assert found.day[2] < sum(each.high for each in fixed)


@settings(max_examples=20, deadline=None)
@given(PEOPLE, st.floats(1, 3), st.integers(1, 20), st.floats(0, 20_000))
def test_hours_never_fall_with_more_people_fewer_roads_longer_ways_or_at_night(
    people: float, more: float, roads: int, metres: float
) -> None:
    few = hours(people)
    assert all(a <= b for a, b in zip(few, hours(more * people), strict=True))
    assert all(
        a <= b
        for a, b in zip(
            hours(people, replace(WAYS, roads=roads + 1)), hours(people, replace(WAYS, roads=roads)), strict=True
        )
    )
    near, far = replace(WAYS, to_safe_ground=metres), replace(WAYS, to_safe_ground=more * metres)
    assert all(a <= b for a, b in zip(hours(people, near), hours(people, far), strict=True))
    assert all(day <= night for day, night in zip(few[:3], few[3:], strict=True))
    assert few[0] <= few[1] <= few[2]


@settings(max_examples=20, deadline=None)
@given(PEOPLE, st.floats(1, 5), st.floats(0, 1e5))
def test_hours_never_rise_with_fuller_vehicles_or_more_places_in_shelters(
    people: float, more: float, places: float
) -> None:
    few, full = hours(people, people_per_vehicle=2.0), hours(people, people_per_vehicle=2.0 * more)
    assert all(a >= b for a, b in zip(few, full, strict=True))
    small, large = replace(WAYS, places=places), replace(WAYS, places=more * places)
    assert all(a >= b for a, b in zip(hours(people, small), hours(people, large), strict=True))


def test_both_warning_and_leaving_take_longer_at_night() -> None:
    found = clearance_time(exactly(0), WAYS, "asia", NOTHING_STATED)
    slower, warning, departure = (INPUTS[name] for name in ("night_factor", "warning", "departure"))
    likeliest = (slower.value - 1) * (warning.value + departure.value)
    assert found.night[1] - found.day[1] >= math.ceil(likeliest)
    assert found.night[2] - found.day[2] >= 2


def test_a_town_of_two_lanes_takes_days_and_its_hours_are_the_queue() -> None:
    found = clearance_time(
        exactly(200_000), WAYS, "europe", EvacuationSettings(share_on_foot=0.0, people_per_vehicle=2.0)
    )
    queue = 200_000 / (2 * 2 * INPUTS["lane_capacity"].value)
    assert found.day[1] == pytest.approx(queue + float(traffic_margin(np.array([queue]))[0]), rel=0.3)
    assert found.day[2] > 60


def test_what_is_unknown_needs_at_least_as_long_as_before_there_was_a_model() -> None:
    for people, ways in (
        (exactly(math.nan), WAYS),
        (exactly(10), replace(WAYS, roads=None)),
        (exactly(10), replace(WAYS, to_safe_ground=None, places=None)),
        (exactly(10), replace(WAYS, to_safe_ground=None, places=0.0)),
    ):
        found = clearance_time(people, ways, "asia", NOTHING_STATED)
        assert found.day[2] >= UNKNOWN_HOURS
        assert found.night[2] >= UNKNOWN_HOURS
        assert f"at least {UNKNOWN_HOURS:g} hours are assumed" in " ".join(found.assumptions)
    known = clearance_time(exactly(10), WAYS, "asia", NOTHING_STATED)
    assert known.day[2] < UNKNOWN_HOURS
    assert "at least" not in " ".join(known.assumptions)


def test_people_without_a_place_in_a_shelter_are_counted_and_walk_on() -> None:
    walk = {"share_on_foot": 1.0}
    short = clearance_time(exactly(500), WAYS, "asia", EvacuationSettings(**walk))
    assert short.without_shelter == exactly(0)
    too_many = clearance_time(exactly(501), WAYS, "asia", EvacuationSettings(**walk))
    assert too_many.without_shelter == exactly(1)
    far = replace(WAYS, to_safe_ground=20_000.0)
    assert hours(501, far, **walk)[2] > hours(500, far, **walk)[2] + 5
    unknown = clearance_time(exactly(10), replace(WAYS, places=None), "asia", NOTHING_STATED)
    assert unknown.without_shelter.is_unknown
    assert "The number of places in shelters is unknown." in unknown.assumptions


def test_an_area_whose_people_have_nowhere_to_go_is_never_called_clear() -> None:
    nowhere = replace(WAYS, to_safe_ground=None)
    found = clearance_time(exactly(900), nowhere, "asia", EvacuationSettings(share_on_foot=1.0))
    assert found.without_shelter == exactly(400)
    assert "No safe ground is known for people without a place in a shelter (400): the area cannot be called clear" in (
        " ".join(found.assumptions)
    )
    assert found.day[2] >= UNKNOWN_HOURS
    enough = clearance_time(exactly(400), nowhere, "asia", EvacuationSettings(share_on_foot=1.0))
    assert "cannot be called clear" not in " ".join(enough.assumptions)


def test_where_no_road_leads_out_everybody_walks() -> None:
    found = clearance_time(exactly(1000), replace(WAYS, roads=0), "europe", NOTHING_STATED)
    assert found.without_shelter == exactly(500)
    assert "No surveyed road leads out: everybody walks." in found.assumptions


def test_hours_that_the_region_file_states_replace_the_model() -> None:
    found = clearance_time(exactly(1e6), WAYS, "asia", EvacuationSettings(clearance_hours=7.2))
    assert found.day == found.night == (8, 8, 8)
    assert found.assumptions == ("The region file states 8 hours by day and by night.",)


def test_more_people_walk_where_fewer_have_vehicles() -> None:
    assert SHARE_ON_FOOT[False].value > SHARE_ON_FOOT[True].high
    assert all(quantity.low <= quantity.value <= quantity.high for quantity in INPUTS.values())
    assert all("assumption" in quantity.source or "(" in quantity.source for quantity in INPUTS.values())
