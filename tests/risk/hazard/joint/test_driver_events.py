"""Events of several drivers: found by any of them, with the peaks of all."""

import numpy as np
import pytest

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.arrays import Floats, Times
from strandline.risk.hazard.joint.driver_events import APART, WINDOW, find_driver_events

YEARS = 6
HOURS = YEARS * 8766


def times() -> Times:
    return (np.datetime64("2000-01-01", "h") + np.arange(HOURS).astype("timedelta64[h]")).astype("datetime64[ns]")


def spiky(hours: list[int], heights: list[float]) -> Floats:
    values = 0.001 * np.sin(np.arange(HOURS) / 7.0)
    values[hours] = heights
    return values


def test_an_event_has_the_peak_of_every_driver_within_its_window_alone() -> None:
    sea = spiky([1000, 20000], [3.0, 2.0])
    rain = spiky([1000 + WINDOW, 20000 + WINDOW + 1], [50.0, 60.0])
    events = find_driver_events(times(), [sea, rain], ("sea", "rain"), peaks_per_year=2 / YEARS)
    first, second = events.peaks[:2]
    assert tuple(first) == (3.0, 50.0)
    assert {float(second[0]), float(second[1])} != {2.0, 60.0}  # an hour too late to count together


def test_events_lie_apart_and_none_is_made_by_a_gap() -> None:
    rng = np.random.default_rng(0)
    sea, rain = rng.standard_normal(HOURS), rng.gamma(0.5, 10.0, HOURS)
    sea[5000:9000] = np.nan
    events = find_driver_events(times(), [sea, rain], ("sea", "rain"))
    hour = (events.time - times()[0]) / np.timedelta64(1, "h")
    assert np.diff(np.sort(hour)).min() >= APART
    assert not ((hour >= 5000 + WINDOW) & (hour < 9000 - WINDOW)).any()
    assert events.years == pytest.approx((HOURS - 4000) / 8766)
    assert np.isfinite(events.peaks).all()


def test_a_flood_season_above_every_threshold_holds_several_events() -> None:
    river = 1000.0 + 500.0 * np.cos(2 * np.pi * np.arange(HOURS) / 240.0)  # a rise every ten days, never low
    events = find_driver_events(times(), [river], ("river",), peaks_per_year=20.0)
    assert events.time.size >= 19 * YEARS


def test_peaks_within_a_passage_are_the_cyclones() -> None:
    sea = spiky([1000, 20000], [3.0, 2.0])
    window = (times()[990], times()[995])
    events = find_driver_events(times(), [sea], ("sea",), [window], peaks_per_year=2 / YEARS)
    assert events.cyclonic.tolist() == [True, False]


def test_what_cannot_be_used_is_refused() -> None:
    values = np.zeros(HOURS)
    with pytest.raises(InputError, match="every driver every hour"):
        find_driver_events(times(), [values[1:]], ("sea",))
    with pytest.raises(InputError, match="not every hour"):
        find_driver_events(np.delete(times(), 5), [values[1:]], ("sea",))
    with pytest.raises(RefusedByTheory, match="5 or more"):
        find_driver_events(times()[:9000], [values[:9000]], ("sea",))
