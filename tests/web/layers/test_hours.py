"""Hour by hour: what was known, what is forecast, and that an hour without data is unknown."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from strandline.watch.store import Store
from strandline.web.layers.hours import HORIZON, Hours, HourState, hours_of
from strandline.web.run_folder import RunFolder
from strandline.web.watch_view import WatchView
from tests.fixtures.web import HOUR, START, ZONES, client_of, make_watch, take_step

pytestmark = pytest.mark.slow
SINCE = START - timedelta(days=2)


@pytest.fixture
def gappy(runs: dict[str, RunFolder], tmp_path: Path) -> Iterator[WatchView]:
    """A watch that did not run in its third hour."""
    store = Store.open(tmp_path / "watch.db", clock=lambda: START, code_version="test")
    for number in (0, 1, 3):
        take_step(store, number)
    yield make_watch(runs["before"], 0, store)
    store.close()


def at(hours: Hours, number: int) -> HourState:
    return next(one for one in hours.hours if one.time == START + number * HOUR)


def test_every_hour_says_whether_it_was_known_or_is_forecast(gappy: WatchView) -> None:
    hours = hours_of(gappy.run, gappy.store.read, SINCE)
    assert hours.newest == START + 3 * HOUR
    assert [one.time for one in hours.hours] == [START + number * HOUR for number in range(4 + HORIZON)]
    assert [one.kind for one in hours.hours] == ["known"] * 4 + ["forecast"] * HORIZON
    assert at(hours, 1).issued == START + HOUR, "as known at that hour, not as known since"
    assert at(hours, 1).sea is not None
    assert at(hours, 1).sea.p50 == pytest.approx(0.55)
    assert at(hours, 10).issued == hours.newest
    assert at(hours, 10).sea.p50 == pytest.approx(0.5 + 0.02 * 7 + 0.05 * 3)


def test_an_hour_without_a_step_is_unknown(gappy: WatchView) -> None:
    hour = at(hours_of(gappy.run, gappy.store.read, SINCE), 2)
    assert (hour.kind, hour.issued, hour.sea, hour.map, hour.until) == ("known", None, None, None, None)
    assert hour.chances == [None] * len(ZONES)


def test_zones_have_the_chance_until_the_next_time_that_is_forecast(gappy: WatchView) -> None:
    hours = hours_of(gappy.run, gappy.store.read, SINCE)
    assert hours.zones == list(ZONES)
    known, seven, last = (at(hours, number) for number in (1, 10, 3 + HORIZON))
    assert known.until == START + 7 * HOUR
    assert known.chances == [6 / 50, 0.0, None]
    assert seven.until == START + 15 * HOUR, "7 h ahead are within 12, not within 6"
    assert seven.chances == [12 / 50, 0.0, None]
    assert last.chances == [48 / 50, 0.0, None]


def test_the_map_is_that_of_a_sea_which_the_hour_does_not_pass(gappy: WatchView) -> None:
    levels = {each.return_period: each.p50 for each in gappy.run.record().return_levels}
    bands = {each.return_period: each.number for each in gappy.run.bands("flood_probability.tif")[: len(levels)]}
    found = [one for one in hours_of(gappy.run, gappy.store.read, SINCE).hours if one.map is not None]
    bounds = set()
    for one in found:
        bounds.add(one.map.bound)
        assert one.map.band == bands[one.map.return_period]
        assert one.map.level == levels[one.map.return_period]
        lower = [level for level in levels.values() if level < one.map.level]
        if one.map.bound == "at least":
            assert one.sea.p95 > max(levels.values()) == one.map.level
        else:
            assert one.sea.p95 <= one.map.level
            assert all(level < one.sea.p95 for level in lower), "no lower map would do"
            assert (one.map.bound == "at most") == (not lower)
    assert len(bounds) > 1


def test_without_a_forecast_all_hours_ahead_are_unknown(runs: dict[str, RunFolder], tmp_path: Path) -> None:
    with Store.open(tmp_path / "watch.db", clock=lambda: START, code_version="test") as store:
        assert hours_of(runs["before"], store.read, SINCE) == Hours(newest=None, zones=list(ZONES), hours=[])
        with store.step(START):
            pass
        hours = hours_of(runs["before"], store.read, SINCE).hours
        assert len(hours) == 1 + HORIZON
        assert {one.issued for one in hours} == {None}


def test_the_api_gives_null_for_what_is_unknown(gappy: WatchView, runs: dict[str, RunFolder]) -> None:
    with client_of(runs, gappy) as client:
        answer = client.get("/api/v1/watch/hours")
        assert answer.status_code == 200
        third = answer.json()["hours"][2]
        assert third["time"] == "2022-11-21T02:00:00Z"
        assert third["sea"] is None
        assert client.get("/api/v1/watch/hours", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
        assert client.get("/api/v1/watch/hours?since=2022-11-21T03:00:00Z").json()["hours"][0]["kind"] == "known"
