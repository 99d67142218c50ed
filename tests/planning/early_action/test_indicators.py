"""Indicators against their definitions, hour by hour and member by member."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.planning.early_action.indicators import (
    COMPARE,
    findings,
    findings_at_issues,
    has_uncertain_value,
    hours_until,
    margins_of,
    probability_of,
    verdicts_of,
)
from strandline.planning.early_action.protocol import Indicator, Loss, Night
from strandline.planning.early_action.streams import Stream
from tests.fixtures.protocols import START, ahead, forecast, reading, readings

NAN = np.nan
LEVELS = st.integers(0, 4).map(float)  # few, so that values equal thresholds
OPERATORS = st.sampled_from(sorted(COMPARE))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.lists(LEVELS, min_size=3, max_size=3), min_size=1, max_size=5),
    st.lists(LEVELS, min_size=1, max_size=4),
    OPERATORS,
)
def test_the_chance_over_several_thresholds_is_the_mean_of_their_chances(
    members: list[list[float]], thresholds: list[float], operator: str
) -> None:
    values = np.array(members).T[None]  # (1, L, M)
    several = ahead("sea", 2.0, 0.0, (0, 2), operator=operator, values=tuple(thresholds))
    chances = [
        np.mean([any(COMPARE[operator](level, threshold) for level in member) for member in members])
        for threshold in thresholds
    ]
    assert probability_of(several, forecast(values, range(3)))[0] == pytest.approx(np.mean(chances))
    assert has_uncertain_value(several) == (len(set(thresholds)) > 1)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.lists(st.one_of(LEVELS, st.just(NAN)), min_size=4, max_size=4), min_size=1, max_size=5),
    st.sampled_from([0.0, 0.2, 0.5]),
    OPERATORS,
)
def test_the_hours_until_are_those_to_the_first_lead_by_which_enough_members_have_met_it(
    members: list[list[float]], chance: float, operator: str
) -> None:
    leads = [0.0, 1.0, 3.0, 6.0]
    indicator = ahead("sea", 2.0, chance, (0, 6), operator=operator)
    found = hours_until(indicator, forecast(np.array(members).T[None], leads))[0]
    shares = [
        np.mean([any(COMPARE[operator](level, 2.0) for level in member[: last + 1]) for member in members])
        for last in range(len(leads))
    ]
    expected = next((lead for lead, share in zip(leads, shares, strict=True) if share > chance), np.inf)
    assert found == expected, "a missing value meets no condition"


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(LEVELS, min_size=5, max_size=5), min_size=1, max_size=5), st.integers(0, 4), OPERATORS)
def test_a_first_passage_counts_members_that_meet_it_within_the_window_and_not_before(
    members: list[list[float]], begins: int, operator: str
) -> None:
    first = ahead("sea", 2.0, 0.3, (begins, 4), operator=operator, first_passage=True)
    meets = [[bool(COMPARE[operator](level, 2.0)) for level in member] for member in members]
    share = np.mean([any(each[begins:]) and not any(each[:begins]) for each in meets])
    assert verdicts_of(first, forecast(np.array(members).T[None], range(5)))[0] == float(share > 0.3)


@pytest.mark.parametrize(("missing_lead", "expected"), [(0, NAN), (1, NAN), (2, 1.0)])
def test_a_first_passage_is_unknown_where_an_earlier_value_is(missing_lead: int, expected: float) -> None:
    first = ahead("sea", 2.0, None, (1, 2), first_passage=True)
    values = np.array([0.0, 2.0, 0.0])
    values[missing_lead] = NAN
    np.testing.assert_equal(verdicts_of(first, forecast(values, range(3)))[0], expected)


@pytest.mark.parametrize(("hours", "lasting"), [(0, 1), (2, 2), (1.5, 2), (2.1, 3)])
def test_a_duration_is_rounded_up_to_whole_steps(hours: float, lasting: int) -> None:
    for length in range(1, 5):
        values = np.where(np.arange(6) < length, 2.0, 0.0)
        found = verdicts_of(ahead("sea", 1.5, None, (0, 5), duration_hours=hours), forecast(values, range(6)))
        assert found.tolist() == [float(length >= lasting)]


def test_of_two_leads_each_stands_for_the_step_between_them() -> None:
    for values, expected in (([2.0, 0.0], 1.0), ([0.0, 0.0], 0.0)):
        found = verdicts_of(ahead("sea", 1.5, None, (0, 3), duration_hours=3), forecast(values, [0, 3]))
        assert found.tolist() == [expected]


def money(cost: float) -> Indicator:
    loss = Loss(levels=(1.0, 2.0), avoidable=(1000.0, 3000.0), cost=cost)
    return ahead("sea", 1.0, None, (1, 3), loss=loss)


def test_the_expected_loss_is_the_mean_over_members_of_what_their_highest_water_costs() -> None:
    values = np.array([[9.0, 1.0, 1.5, 0.0], [9.0, 0.9, 0.0, 0.0], [9.0, 5.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]).T[None]
    mean = (2000 + 0 + 3000 + 1000) / 4  # between the levels, below the event, beyond the curve, at its foot
    stream = forecast(values, range(4))
    for cost, expected in ((mean - 1, 1.0), (mean, 0.0), (mean + 1, 0.0)):
        indicator = money(cost)
        assert verdicts_of(indicator, stream).tolist() == [expected], "it pays above its cost"
        assert margins_of(indicator, stream)[0] == pytest.approx(mean - cost)
    assert np.isnan(margins_of(ahead("sea", 1.0, 0.5, (1, 3)), stream)).all()


def test_a_missing_value_may_cost_anything_and_nothing() -> None:
    for known, expected in ((2.0, 1.0), (0.0, NAN)):
        stream = forecast([[[0.0, 0.0], [known, 0.0], [0.0, NAN], [0.0, 0.0]]], range(4))
        np.testing.assert_equal(verdicts_of(money(1400.0), stream)[0], expected)
    assert verdicts_of(money(1600.0), stream).tolist() == [0.0], "half of 3 000 is the most that it can cost"


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.lists(st.one_of(LEVELS, st.just(NAN)), min_size=3, max_size=3), min_size=1, max_size=4),
    st.integers(1, 2000),
)
def test_where_it_surely_pays_the_margin_is_positive_whatever_is_missing(members: list[list[float]], cost: int) -> None:
    stream = forecast(np.array([[0.0, *each] for each in members]).T[None], range(4))
    verdict, margin = verdicts_of(money(cost), stream)[0], margins_of(money(cost), stream)[0]
    assert (margin > 0) == (verdict == 1)


def test_a_forecast_that_ends_within_the_window_may_show_danger_but_no_calm() -> None:
    for last, values, expected in (
        (3, [0.0, 0.0, 0.0, 0.0], 0.0), (2, [0.0, 0.0, 0.0], NAN), (2, [0.0, 0.0, 2.0], 1.0),
    ):  # fmt: skip
        np.testing.assert_equal(
            verdicts_of(ahead("sea", 1.5, None, (1, 3)), forecast(values, range(last + 1)))[0], expected
        )
    assert np.isnan(verdicts_of(ahead("sea", 1.5, None, (5, 6)), forecast([0.0, 0.0], range(2)))).all()
    assert np.isnan(probability_of(ahead("sea", 1.5, None, (5, 6)), forecast([0.0, 0.0], range(2)))).all()


def test_by_day_and_at_night_an_indicator_looks_through_its_own_window() -> None:
    night = Night(begins=22, ends=6)
    issued = [pd.Timestamp("2024-01-01T12"), pd.Timestamp("2024-01-01T23")]
    values = np.zeros((2, 13, 1))
    values[:, 8] = 2.0
    stream = forecast(values, range(13), issued)
    by_clock = ahead("sea", 1.5, 0.5, (0, 6), at_night_hours=(0, 12))
    assert verdicts_of(by_clock, stream, night).tolist() == [0.0, 1.0]
    assert probability_of(by_clock, stream, night).tolist() == [0.0, 1.0]
    assert verdicts_of(by_clock, stream).tolist() == [0.0, 0.0], "a protocol that knows no night has one window"
    priced = money(10.0).model_copy(update={"lead_window_hours": (0, 6), "at_night_hours": (0, 12)})
    assert margins_of(priced, stream, night).tolist() == [-10.0, 2990.0]


def test_the_newest_issue_counts_while_it_is_valid_and_is_new_once() -> None:
    clock = (np.datetime64("2024-01-01T00", "ns") + np.arange(-1, 12).astype("timedelta64[h]")).astype("datetime64[ns]")
    stream = forecast(np.array([0.0, 2.0])[:, None, None], [0], [START, START + pd.Timedelta(hours=2)])
    heard = replace(stream, heard=np.array([True, False]))
    found = findings(reading("sea", 1.5, valid_hours=6.0), {"sea": heard}, clock)
    np.testing.assert_equal(found.verdict, [NAN, 0, 0, *[1] * 6, *[NAN] * 4])
    assert found.is_new.tolist() == [False, True, False, True, *[False] * 9]
    assert found.is_heard.tolist() == [False, True, True, *[False] * 10]
    np.testing.assert_equal(found.hours_until, [*[np.inf] * 3, *[0.0] * 6, *[np.inf] * 4])
    without = findings(reading("sea", 1.5, valid_hours=6.0), {"sea": stream}, clock, with_hours=False)
    assert np.isinf(without.hours_until).all()
    assert without.is_heard.tolist() == [False, *[True] * 8, *[False] * 4]
    at_issues = findings_at_issues(reading("sea", 1.5), heard)
    assert at_issues.verdict.tolist() == [0.0, 1.0]
    assert at_issues.is_heard.tolist() == [True, False]
    assert at_issues.hours_until.tolist() == [np.inf, 0.0]
    assert np.isinf(findings_at_issues(reading("sea", 1.5), heard, with_hours=False).hours_until).all()


def test_of_a_stream_that_has_never_reported_everything_is_unknown() -> None:
    clock = np.array([START.to_datetime64()], dtype="datetime64[ns]")
    for history in ({}, {"sea": readings(NAN, NAN)}):
        found = findings(reading("sea", 1.5), history, clock)
        assert np.isnan(found.verdict).all()
        assert np.isnan(found.margin).all()
        assert np.isinf(found.hours_until).all()
        assert not found.is_new.any()
        assert not found.is_heard.any()


@settings(deadline=None, max_examples=100)
@given(st.lists(st.sampled_from([0.0, 2.0, None]), min_size=1, max_size=12), st.integers(1, 5))
def test_a_condition_has_persisted_where_all_issues_of_its_span_met_it_and_none_is_missing(
    days: list[float | None], span: int
) -> None:
    """Daily issues that are valid for a day: the last ``span`` of them."""
    known = [(day, value) for day, value in enumerate(days) if value is not None]
    if not known:
        return
    issued = [START + pd.Timedelta(days=day) for day, _ in known]
    stream = Stream.of_readings(pd.Series([value for _, value in known], index=issued), "m")
    indicator = reading("sea", 1.5, valid_hours=24, persistence_hours=24 * span)
    clock = np.array([START.to_datetime64() + np.timedelta64(day, "D") for day, _ in known], dtype="datetime64[ns]")
    found = findings(indicator, {"sea": stream}, clock).verdict
    for (day, _), verdict in zip(known, found, strict=True):
        within = days[max(day - span + 1, 0) : day + 1]
        if 0.0 in within:
            assert verdict == 0
        elif None in within or day - span + 1 < 0:
            assert np.isnan(verdict)
        else:
            assert verdict == 1
