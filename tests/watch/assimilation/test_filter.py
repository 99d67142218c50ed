"""The belief about the sea, held against exact conditioning, and what broken gauges must not do to it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.sea_level.residual_process import autocovariance
from strandline.watch.assimilation import filter as sea_filter
from strandline.watch.assimilation.ensemble import HORIZON_HOURS, Guidance, assimilate_forecast, sample_ensemble
from strandline.watch.assimilation.filter import Residual, SeaBelief, SeaModel, climatological_prior, filter_step
from strandline.watch.assimilation.gauge_model import Sensor, fit_sensor, own_sensor
from strandline.watch.assimilation.surge_process import SurgeProcess, fit_surge_process

START = np.datetime64("2020-01-01T00", "h")
HOUR = np.timedelta64(1, "h")
ALL = ("own", "near", "far")


def autoregression(*coefficients: float, shocks: tuple[float, ...] = (0.03,)) -> SurgeProcess:
    count = len(shocks)
    stay = np.full((count, count), 0.02 / max(count - 1, 1))
    np.fill_diagonal(stay, 0.98 if count > 1 else 1.0)
    return SurgeProcess(np.array(coefficients), np.array(shocks), stay)


def exact(process: SurgeProcess) -> Sensor:
    """The own gauge with a zero that is exactly known."""
    return Sensor("own", 0, 1.0, 0.0, np.zeros(process.shocks.size))


def three_gauges() -> SeaModel:
    process = autoregression(1.3, -0.34, shocks=(0.02, 0.1))
    near = Sensor("near", -1, 1.05, 0.85, np.array([0.02, 0.08]))
    far = Sensor("far", 2, 0.9, 0.9, np.array([0.02, 0.08]))
    return SeaModel(process, (exact(process), near, far))


def play(process: SurgeProcess, hours: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    course = np.zeros(hours + 500)
    for hour in range(process.order, course.size):
        past = course[hour - process.order : hour][::-1]
        course[hour] = process.coefficients @ past + process.shocks[0] * rng.standard_normal()
    return course[500:]


def listen(
    model: SeaModel, course: np.ndarray, hours: int, *, told: tuple[str, ...] = ("own", "near", "far")
) -> SeaBelief:
    """A belief that has heard sound gauges without deviations for so many hours."""
    belief = climatological_prior(model, START)
    for hour in range(1, hours + 1):
        belief = filter_step(belief, START + hour * HOUR, readings_at(model, course, hour, told))
    return belief


def readings_at(model: SeaModel, course: np.ndarray, hour: int, told: tuple[str, ...]) -> list[Residual]:
    return [
        Residual(one.stream, START + hour * HOUR, one.gain * float(course[hour + one.ahead]))
        for one in model.sensors
        if one.stream in told
    ]


def test_climate_of_a_first_order_process_is_the_closed_form() -> None:
    process = autoregression(0.9)
    lag = np.abs(np.arange(6)[:, None] - np.arange(6))
    np.testing.assert_allclose(process.climate(6), 0.03**2 / (1 - 0.81) * 0.9**lag, rtol=1e-9)
    np.testing.assert_allclose(process.response(5), 0.9 ** np.arange(5))


def test_the_filter_conditions_as_a_normal_distribution_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sea_filter, "BREAKS", 1e-15)
    process = autoregression(1.3, -0.34)
    model = SeaModel(process, (exact(process),))
    heard, noise = [3, 4, 7, 11, 12], 0.01
    course = play(process, 40, 3)
    belief = climatological_prior(model, START)
    for hour in range(1, 16):
        told = ("own",) if hour in heard else ()
        belief = filter_step(belief, START + hour * HOUR, readings_at(model, course, hour, told))
    together = process.climate(40)
    known = together[np.ix_(heard, heard)] + noise**2 * np.eye(len(heard))
    for hour in (5, 12, 15):
        across = together[hour, heard]
        mean = across @ np.linalg.solve(known, course[heard])
        spread = np.sqrt(together[hour, hour] - across @ np.linalg.solve(known, across))
        np.testing.assert_allclose(belief.residual(15 - hour), (mean, spread), atol=2e-4)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 40))
def test_an_hour_without_readings_moves_nothing_that_was_believed(seed: int, silent: int) -> None:
    model = three_gauges()
    belief = listen(model, play(model.process, 80, seed), 30)
    later = filter_step(belief, belief.hour + silent * HOUR, [])
    for back in range(0, sea_filter.PAST_HOURS - silent, 7):
        np.testing.assert_allclose(later.residual(back + silent), belief.residual(back), atol=1e-9)
    assert later.moved == {}


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6))
def test_a_missing_reading_leaves_the_belief_wider(seed: int) -> None:
    model = three_gauges()
    course = play(model.process, 80, seed)
    belief = listen(model, course, 30)
    now = START + 31 * HOUR
    spreads = [
        filter_step(belief, now, readings_at(model, course, 31, told)).residual()[1]
        for told in (ALL, ("near", "far"), ("near",), ())
    ]
    assert spreads == sorted(spreads)


def test_without_any_stream_the_belief_becomes_the_climate() -> None:
    model = three_gauges()
    belief = filter_step(listen(model, play(model.process, 80, 1), 30), START + 1000 * HOUR, [])
    nothing = climatological_prior(model, belief.hour)
    np.testing.assert_allclose(belief.residual(), nothing.residual(), rtol=0.02, atol=1e-3)
    for stream, chance in belief.broken().items():
        assert chance == pytest.approx(nothing.broken()[stream], rel=0.05)


@pytest.mark.parametrize("broken", ["own", "near", "far"])
def test_two_gauges_deny_a_third_that_jumps(broken: str) -> None:
    model = three_gauges()
    course = play(model.process, 120, 5)
    belief = listen(model, course, 40)
    for hour in range(41, 60):
        readings = [
            Residual(one.stream, one.time, one.value + (1.0 if one.stream == broken else 0.0))
            for one in readings_at(model, course, hour, ALL)
        ]
        belief = filter_step(belief, START + hour * HOUR, readings)
        assert abs(belief.residual()[0] - course[hour]) < 0.2
    chances = belief.broken()
    assert chances.pop(broken) > 0.95
    assert max(chances.values()) < 0.1


def test_a_gauge_that_drifts_slowly_does_not_take_the_belief_with_it() -> None:
    process = autoregression(1.3, -0.34, shocks=(0.02, 0.1))
    neighbours = (Sensor(name, 0, 1.0, 0.8, np.array([0.02, 0.08])) for name in ("near", "far"))
    model = SeaModel(process, (own_sensor("own", process), *neighbours))
    course = play(process, 200, 5)
    belief = listen(model, course, 40)
    for hour in range(41, 89):
        readings = [
            Residual(one.stream, one.time, one.value + (0.1 * (hour - 40) / 24 if one.stream == "own" else 0.0))
            for one in readings_at(model, course, hour, ALL)
        ]
        belief = filter_step(belief, START + hour * HOUR, readings)
    mean, spread = belief.residual()
    assert abs(mean - course[88]) < 0.1  # of the 0.2 m that the gauge is off
    assert abs(mean - course[88]) < 3 * spread


def test_a_contradiction_of_two_widens_the_belief() -> None:
    process = autoregression(1.3, -0.34, shocks=(0.02, 0.1))
    model = SeaModel(process, (exact(process), Sensor("near", 0, 1.0, 0.85, np.array([0.02, 0.08]))))
    course = play(process, 80, 2)
    belief = listen(model, course, 30, told=("own", "near"))
    now, agreed = START + 31 * HOUR, float(course[31])
    alike = filter_step(belief, now, [Residual("own", now, agreed), Residual("near", now, agreed)])
    # both move away from what was foreseen, in opposite senses: neither is the likelier
    torn = filter_step(belief, now, [Residual("own", now, agreed + 0.6), Residual("near", now, agreed - 0.6)])
    assert torn.residual()[1] > 2 * alike.residual()[1]


def test_a_gauge_alone_that_is_healthy_again_is_heard_again() -> None:
    model = three_gauges()
    course = play(model.process, 400, 8)
    belief = listen(model, course, 40)
    for hour in range(41, 60):
        readings = readings_at(model, course, hour, ("near", "far"))
        belief = filter_step(belief, START + hour * HOUR, [*readings, Residual("own", START + hour * HOUR, 2.0)])
    assert belief.broken()["own"] > 0.95
    for hour in range(60, 90):
        belief = filter_step(belief, START + hour * HOUR, readings_at(model, course, hour, ALL))
    assert belief.broken()["own"] < 0.05


def test_readings_that_come_late_tell_what_they_would_have_told_in_time() -> None:
    model = three_gauges()
    course = play(model.process, 120, 4)
    in_time = listen(model, course, 60)
    late = climatological_prior(model, START)
    kept: list[Residual] = []
    for hour in range(1, 61):
        kept += readings_at(model, course, hour, ("own",))
        now = readings_at(model, course, hour, ("near", "far"))
        give = [one for one in kept if START + hour * HOUR - one.time >= 20 * HOUR or hour == 60]
        kept = [one for one in kept if one not in give]
        late = filter_step(late, START + hour * HOUR, [*now, *give])
    np.testing.assert_allclose(late.residual(), in_time.residual(), atol=0.02)
    assert late.broken()["own"] < 0.05


@settings(max_examples=10, deadline=None)
@given(st.permutations(["own", "near", "far"]))
def test_the_order_of_readings_is_nothing(order: list[str]) -> None:
    model = three_gauges()
    course = play(model.process, 60, 9)
    belief = listen(model, course, 20)
    readings = {one.stream: one for one in readings_at(model, course, 21, ALL)}
    now = START + 21 * HOUR
    usual, other = (
        filter_step(belief, now, list(readings.values())),
        filter_step(belief, now, [readings[name] for name in order]),
    )
    np.testing.assert_array_equal(usual.weight, other.weight)
    np.testing.assert_array_equal(usual.mean, other.mean)


def test_what_is_no_reading_of_the_past_is_refused() -> None:
    model = three_gauges()
    belief = climatological_prior(model, START)
    with pytest.raises(InputError, match="no gauge"):
        filter_step(belief, START, [Residual("elsewhere", START, 0.0)])
    with pytest.raises(InputError, match="wait for it"):
        filter_step(belief, START, [Residual("own", START + HOUR, 0.0)])
    with pytest.raises(InputError, match="move on"):
        filter_step(belief, START - HOUR, [])
    ancient = filter_step(belief, START, [Residual("own", START - 100 * HOUR, 5.0)])
    np.testing.assert_array_equal(ancient.mean, belief.mean)


def test_a_process_is_learned_back_from_what_it_made() -> None:
    rng = np.random.default_rng(0)
    true = autoregression(1.2, -0.25, shocks=(0.02, 0.12))
    regime, course = 0, np.zeros(30_000)
    for hour in range(2, course.size):
        regime = int(rng.random() > true.transition[regime, 0])
        past = course[hour - 2 : hour][::-1]
        course[hour] = true.coefficients @ past + true.shocks[regime] * rng.standard_normal()
    course[rng.random(course.size) < 0.001] = np.nan
    found = fit_surge_process(course, autocovariance(course))
    np.testing.assert_allclose(found.coefficients[:2], (1.2, -0.25), atol=0.05)
    np.testing.assert_allclose(found.shocks[:2], true.shocks, rtol=0.1)
    np.testing.assert_allclose(found.transition[:2, :2].diagonal(), 0.98, atol=0.02)
    with pytest.raises(RefusedByTheory):
        fit_surge_process(course[:200], autocovariance(course))


def test_a_neighbour_is_learned_with_its_delay() -> None:
    process = fit_surge_process(course := play(autoregression(1.3, -0.34), 20_000, 6), autocovariance(course))
    rng = np.random.default_rng(1)
    own_place = np.zeros(course.size)
    for hour in range(1, course.size):
        own_place[hour] = 0.8 * own_place[hour - 1] + 0.02 * rng.standard_normal()
    other = own_place.copy()
    other[3:] += 1.1 * course[:-3]
    found = fit_sensor("behind", course, other, process)
    assert found.ahead == -3
    assert found.gain == pytest.approx(1.1, abs=0.02)
    assert found.memory == pytest.approx(0.8, abs=0.05)
    assert found.shocks[0] == pytest.approx(0.02, rel=0.2)


def test_courses_have_the_moments_of_the_belief() -> None:
    process = autoregression(0.95)
    model = SeaModel(process, (exact(process),))
    now = START + HOUR
    belief = filter_step(climatological_prior(model, START), now, [Residual("own", now, 0.1)])
    ensemble = sample_ensemble(belief, count=4000).residual
    lead = np.arange(HORIZON_HOURS + 1)
    known = 1 - 0.95 ** (2 * lead)
    np.testing.assert_allclose(ensemble.mean(axis=0), belief.residual()[0] * 0.95**lead, atol=0.01)
    np.testing.assert_allclose(ensemble.std(axis=0)[1:], 0.03 / np.sqrt(1 - 0.95**2) * np.sqrt(known[1:]), rtol=0.1)


def test_guidance_is_weighed_by_its_error() -> None:
    rng = np.random.default_rng(3)
    ensemble = rng.standard_normal((4000, HORIZON_HOURS + 1))
    lead = np.array([10])
    sure, unsure = (Guidance("x", lead, np.array([2.0]), np.array([[error]])) for error in (1.0, 1e6))
    moved = assimilate_forecast(ensemble, sure)[:, 10]
    assert moved.mean() == pytest.approx(1.0, abs=0.05)  # half way: as sure as the courses are
    assert moved.var() == pytest.approx(0.5, abs=0.05)
    np.testing.assert_allclose(assimilate_forecast(ensemble, unsure), ensemble, atol=0.02)


def test_widening_keeps_the_medians() -> None:
    process = autoregression(0.95)
    ensemble = sample_ensemble(climatological_prior(SeaModel(process, (exact(process),)), START))
    wider = ensemble.inflated(np.full(HORIZON_HOURS + 1, 2.0))
    np.testing.assert_allclose(np.median(wider.residual, axis=0), np.median(ensemble.residual, axis=0))
    np.testing.assert_allclose(wider.residual.std(axis=0), 2 * ensemble.residual.std(axis=0))
