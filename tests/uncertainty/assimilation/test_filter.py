"""The filter against exact conditioning, and against broken gauges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.sea_level.surge.residual_process import autocovariance
from strandline.uncertainty.assimilation import filter as sea_filter
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS, NOW, Guidance, ResidualPaths, sample_ensemble
from strandline.uncertainty.assimilation.filter import Residual, SeaBelief, SeaModel, climatological_prior, filter_step
from strandline.uncertainty.assimilation.gauge_model import Sensor, fit_sensor, own_sensor
from strandline.uncertainty.assimilation.surge_process import SurgeProcess, fit_surge_process

pytestmark = pytest.mark.slow

START = np.datetime64("2020-01-01T00", "h")
HOUR = np.timedelta64(1, "h")
ALL = ("own", "near", "far")


def autoregression(*coefficients: float, shocks: tuple[float, ...] = (0.03,)) -> SurgeProcess:
    count = len(shocks)
    stay = np.full((count, count), 0.02 / max(count - 1, 1))
    np.fill_diagonal(stay, 0.98 if count > 1 else 1.0)
    return SurgeProcess(np.array(coefficients), np.array(shocks), stay)


def exact(process: SurgeProcess) -> Sensor:
    """The own gauge with an exact zero."""
    return Sensor("own", 0, 1.0, 0.0, np.zeros(process.shocks.size), zero=0.0)


def three_gauges() -> SeaModel:
    process = autoregression(1.3, -0.34, shocks=(0.02, 0.1))
    near = Sensor("near", -1, 1.05, 0.85, np.array([0.02, 0.08]), zero=0.0)
    far = Sensor("far", 2, 0.9, 0.9, np.array([0.02, 0.08]), zero=0.0)
    return SeaModel(process, (exact(process), near, far))


def simulate(process: SurgeProcess, hours: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    residual = np.zeros(hours + 500)
    for hour in range(process.order, residual.size):
        past = residual[hour - process.order : hour][::-1]
        residual[hour] = process.coefficients @ past + process.shocks[0] * rng.standard_normal()
    return residual[500:]


def run_filter(
    model: SeaModel, residual: np.ndarray, hours: int, *, streams: tuple[str, ...] = ("own", "near", "far")
) -> SeaBelief:
    """The belief after ``hours`` of readings of sound gauges without deviations."""
    belief = climatological_prior(model, START)
    for hour in range(1, hours + 1):
        belief = filter_step(belief, START + hour * HOUR, readings_at(model, residual, hour, streams))
    return belief


def readings_at(model: SeaModel, residual: np.ndarray, hour: int, streams: tuple[str, ...]) -> list[Residual]:
    return [
        Residual(one.stream, START + hour * HOUR, one.gain * float(residual[hour + one.ahead]))
        for one in model.sensors
        if one.stream in streams
    ]


def test_climate_of_a_first_order_process_is_the_closed_form() -> None:
    process = autoregression(0.9)
    lag = np.abs(np.arange(6)[:, None] - np.arange(6))
    np.testing.assert_allclose(process.climate(6), 0.03**2 / (1 - 0.81) * 0.9**lag, rtol=1e-9)
    np.testing.assert_allclose(process.response(5), 0.9 ** np.arange(5))


def test_the_filter_equals_exact_conditioning_of_a_normal_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sea_filter, "BREAK_RATE", 1e-15)
    process = autoregression(1.3, -0.34)
    model = SeaModel(process, (exact(process),))
    hours, noise = [3, 4, 7, 11, 12], 0.01
    residual = simulate(process, 40, 3)
    belief = climatological_prior(model, START)
    for hour in range(1, 16):
        streams = ("own",) if hour in hours else ()
        belief = filter_step(belief, START + hour * HOUR, readings_at(model, residual, hour, streams))
    together = process.climate(40)
    known = together[np.ix_(hours, hours)] + noise**2 * np.eye(len(hours))
    for hour in (5, 12, 15):
        across = together[hour, hours]
        mean = across @ np.linalg.solve(known, residual[hours])
        spread = np.sqrt(together[hour, hour] - across @ np.linalg.solve(known, across))
        np.testing.assert_allclose(belief.residual(15 - hour), (mean, spread), atol=2e-4)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 40))
def test_an_hour_without_readings_leaves_the_belief_about_the_past(seed: int, silent: int) -> None:
    model = three_gauges()
    belief = run_filter(model, simulate(model.process, 80, seed), 30)
    later = filter_step(belief, belief.hour + silent * HOUR, [])
    for back in range(0, sea_filter.PAST_HOURS - silent, 7):
        np.testing.assert_allclose(later.residual(back + silent), belief.residual(back), atol=1e-9)
    assert later.moved == {}


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6))
def test_a_missing_reading_widens_the_belief(seed: int) -> None:
    model = three_gauges()
    residual = simulate(model.process, 80, seed)
    belief = run_filter(model, residual, 30)
    now = START + 31 * HOUR
    spreads = [
        filter_step(belief, now, readings_at(model, residual, 31, streams)).residual()[1]
        for streams in (ALL, ("near", "far"), ("near",), ())
    ]
    assert spreads == sorted(spreads)


def test_without_any_stream_the_belief_becomes_the_climate() -> None:
    model = three_gauges()
    belief = filter_step(run_filter(model, simulate(model.process, 80, 1), 30), START + 1000 * HOUR, [])
    nothing = climatological_prior(model, belief.hour)
    np.testing.assert_allclose(belief.residual(), nothing.residual(), rtol=0.02, atol=1e-3)
    for stream, chance in belief.broken().items():
        assert chance == pytest.approx(nothing.broken()[stream], rel=0.05)


@pytest.mark.parametrize("broken", ["own", "near", "far"])
def test_two_gauges_reject_a_third_that_jumps(broken: str) -> None:
    model = three_gauges()
    residual = simulate(model.process, 120, 5)
    belief = run_filter(model, residual, 40)
    for hour in range(41, 60):
        readings = [
            Residual(one.stream, one.time, one.value + (1.0 if one.stream == broken else 0.0))
            for one in readings_at(model, residual, hour, ALL)
        ]
        belief = filter_step(belief, START + hour * HOUR, readings)
        assert abs(belief.residual()[0] - residual[hour]) < 0.2
    chances = belief.broken()
    assert chances.pop(broken) > 0.95
    assert max(chances.values()) < 0.1


def test_a_slowly_drifting_gauge_does_not_pull_the_belief_along() -> None:
    process = autoregression(1.3, -0.34, shocks=(0.02, 0.1))
    neighbours = (Sensor(name, 0, 1.0, 0.8, np.array([0.02, 0.08])) for name in ("near", "far"))
    model = SeaModel(process, (own_sensor("own", process), *neighbours))
    residual = simulate(process, 200, 5)
    belief = run_filter(model, residual, 40)
    for hour in range(41, 89):
        readings = [
            Residual(one.stream, one.time, one.value + (0.1 * (hour - 40) / 24 if one.stream == "own" else 0.0))
            for one in readings_at(model, residual, hour, ALL)
        ]
        belief = filter_step(belief, START + hour * HOUR, readings)
    mean, spread = belief.residual()
    assert abs(mean - residual[88]) < 0.1  # of the 0.2 m that the gauge is off
    assert abs(mean - residual[88]) < 3 * spread


def test_two_contradictory_gauges_widen_the_belief() -> None:
    process = autoregression(1.3, -0.34, shocks=(0.02, 0.1))
    model = SeaModel(process, (exact(process), Sensor("near", 0, 1.0, 0.85, np.array([0.02, 0.08]), zero=0.0)))
    residual = simulate(process, 80, 2)
    belief = run_filter(model, residual, 30, streams=("own", "near"))
    now, agreed = START + 31 * HOUR, float(residual[31])
    alike = filter_step(belief, now, [Residual("own", now, agreed), Residual("near", now, agreed)])
    # both depart from the prediction in opposite directions: neither is more likely
    contradictory = filter_step(belief, now, [Residual("own", now, agreed + 0.6), Residual("near", now, agreed - 0.6)])
    assert contradictory.residual()[1] > 2 * alike.residual()[1]


def test_a_repaired_gauge_is_used_again() -> None:
    model = three_gauges()
    residual = simulate(model.process, 400, 8)
    belief = run_filter(model, residual, 40)
    for hour in range(41, 60):
        readings = readings_at(model, residual, hour, ("near", "far"))
        belief = filter_step(belief, START + hour * HOUR, [*readings, Residual("own", START + hour * HOUR, 2.0)])
    assert belief.broken()["own"] > 0.95
    for hour in range(60, 90):
        belief = filter_step(belief, START + hour * HOUR, readings_at(model, residual, hour, ALL))
    assert belief.broken()["own"] < 0.05


def test_late_readings_have_the_effect_of_readings_in_time() -> None:
    model = three_gauges()
    residual = simulate(model.process, 120, 4)
    in_time = run_filter(model, residual, 60)
    late = climatological_prior(model, START)
    kept: list[Residual] = []
    for hour in range(1, 61):
        kept += readings_at(model, residual, hour, ("own",))
        now = readings_at(model, residual, hour, ("near", "far"))
        give = [one for one in kept if START + hour * HOUR - one.time >= 20 * HOUR or hour == 60]
        kept = [one for one in kept if one not in give]
        late = filter_step(late, START + hour * HOUR, [*now, *give])
    np.testing.assert_allclose(late.residual(), in_time.residual(), atol=0.02)
    assert late.broken()["own"] < 0.05


@settings(max_examples=10, deadline=None)
@given(st.permutations(["own", "near", "far"]))
def test_the_order_of_readings_does_not_matter(order: list[str]) -> None:
    model = three_gauges()
    residual = simulate(model.process, 60, 9)
    belief = run_filter(model, residual, 20)
    readings = {one.stream: one for one in readings_at(model, residual, 21, ALL)}
    now = START + 21 * HOUR
    one, other = (
        filter_step(belief, now, list(readings.values())),
        filter_step(belief, now, [readings[name] for name in order]),
    )
    np.testing.assert_array_equal(one.weight, other.weight)
    np.testing.assert_array_equal(one.mean, other.mean)


def test_readings_of_the_future_and_of_unknown_gauges_are_refused() -> None:
    model = three_gauges()
    belief = climatological_prior(model, START)
    with pytest.raises(InputError, match="no gauge"):
        filter_step(belief, START, [Residual("unknown", START, 0.0)])
    with pytest.raises(InputError, match="advance the belief first"):
        filter_step(belief, START, [Residual("own", START + HOUR, 0.0)])
    with pytest.raises(InputError, match="ascending order"):
        filter_step(belief, START - HOUR, [])
    ancient = filter_step(belief, START, [Residual("own", START - 100 * HOUR, 5.0)])
    np.testing.assert_array_equal(ancient.mean, belief.mean)


def test_a_process_is_recovered_from_its_simulation() -> None:
    rng = np.random.default_rng(0)
    true = autoregression(1.2, -0.25, shocks=(0.02, 0.12))
    regime, residual = 0, np.zeros(30_000)
    for hour in range(2, residual.size):
        regime = int(rng.random() > true.transition[regime, 0])
        past = residual[hour - 2 : hour][::-1]
        residual[hour] = true.coefficients @ past + true.shocks[regime] * rng.standard_normal()
    residual[rng.random(residual.size) < 0.001] = np.nan
    found = fit_surge_process(residual, autocovariance(residual))
    np.testing.assert_allclose(found.coefficients[:2], (1.2, -0.25), atol=0.05)
    np.testing.assert_allclose(found.shocks[:2], true.shocks, rtol=0.1)
    np.testing.assert_allclose(found.transition[:2, :2].diagonal(), 0.98, atol=0.02)
    with pytest.raises(RefusedByTheory):
        fit_surge_process(residual[:200], autocovariance(residual))


def test_a_neighbour_is_fitted_with_its_delay() -> None:
    process = fit_surge_process(residual := simulate(autoregression(1.3, -0.34), 20_000, 6), autocovariance(residual))
    rng = np.random.default_rng(1)
    local = np.zeros(residual.size)
    for hour in range(1, residual.size):
        local[hour] = 0.8 * local[hour - 1] + 0.02 * rng.standard_normal()
    other = local.copy()
    other[3:] += 1.1 * residual[:-3]
    found = fit_sensor("behind", residual, other, process)
    assert found.ahead == -3
    assert found.gain == pytest.approx(1.1, abs=0.02)
    assert found.persistence == pytest.approx(0.8, abs=0.05)
    assert found.shocks[0] == pytest.approx(0.02, rel=0.2)


def test_an_ensemble_has_the_moments_of_the_belief() -> None:
    process = autoregression(0.95)
    model = SeaModel(process, (exact(process),))
    now = START + HOUR
    belief = filter_step(climatological_prior(model, START), now, [Residual("own", now, 0.1)])
    ensemble = sample_ensemble(belief, count=4000).residual
    lead = np.arange(HORIZON_HOURS + 1)
    known = 1 - 0.95 ** (2 * lead)
    np.testing.assert_allclose(ensemble.mean(axis=0), belief.residual()[0] * 0.95**lead, atol=0.01)
    np.testing.assert_allclose(ensemble.std(axis=0)[1:], 0.03 / np.sqrt(1 - 0.95**2) * np.sqrt(known[1:]), rtol=0.1)


def test_guidance_is_weighted_by_its_error() -> None:
    rng = np.random.default_rng(3)
    paths = ResidualPaths(START, rng.standard_normal((4000, NOW + HORIZON_HOURS + 1)), np.zeros((4000, 1), dtype=bool))
    lead = np.array([10])
    sure, unsure = (Guidance("x", lead, np.array([2.0]), np.array([[error]])) for error in (1.0, 1e6))
    moved = paths.assimilating(sure).at(START).residual[:, 10]
    assert moved.mean() == pytest.approx(1.0, abs=0.05)  # half way: its error equals the spread of the ensemble
    assert moved.var() == pytest.approx(0.5, abs=0.05)
    np.testing.assert_allclose(paths.assimilating(unsure).residual, paths.residual, atol=0.02)


def test_a_forecast_of_hours_that_have_passed_still_moves_the_hours_ahead() -> None:
    process = autoregression(0.95)
    belief = climatological_prior(SeaModel(process, (exact(process),)), START)
    surge = 0.3
    guidance = Guidance("x", np.arange(-6, 1), np.full(7, surge), 1e-6 * np.eye(7))
    ahead = sample_ensemble(belief, [guidance], count=4000).residual
    np.testing.assert_allclose(ahead.mean(axis=0), surge * 0.95 ** np.arange(HORIZON_HOURS + 1), atol=0.02)
    with pytest.raises(InputError, match=r"leads \[-40\].*give -35 to 48 h"):
        sample_ensemble(belief, [Guidance("x", np.array([-40]), np.zeros(1), np.eye(1))])
