"""Damage of many floods, against the definition and the chain of maps; unknown is never zero."""

import numpy as np
import pytest
from scipy import sparse

from benchmarks.impact.event_impact import EventSet, assess_events, curve_knots
from benchmarks.impact.peers.impact_case import make_case
from strandline.errors import InputError
from strandline.observations.exposure.assets import CURVE_CLASSES
from strandline.observations.exposure.damage_curves import DEPTHS, curve
from strandline.risk.stage_damage.damage_chain import damage_ratios
from strandline.risk.stage_damage.exposure import ClassExposure, Exposure, overlay_exposure
from strandline.risk.stage_damage.vulnerability import damage_ratio
from tests.fixtures.hazards import REGION, make_assets, make_hazard


def points_apart(value: np.ndarray, class_of: np.ndarray) -> Exposure:
    """One cell for each asset."""
    groups = []
    for number in np.unique(class_of):
        rows = np.flatnonzero(class_of == number)
        groups.append(ClassExposure(CURVE_CLASSES[number], rows, rows, sparse.eye_array(rows.size, format="csr")))
    return Exposure(value, tuple(groups))


@pytest.mark.parametrize("wet_share", [0.1, 1.0])
def test_damage_is_the_frequency_weighted_sum_of_value_times_ratio(wet_share: float) -> None:
    case = make_case(400, 50, wet_share, 3)
    assert case.depth.nnz / 20_000 == pytest.approx(wet_share, abs=0.03)
    impact = assess_events(EventSet(case.frequency, case.depth), points_apart(case.value, case.curve_of), "asia")
    loss = np.zeros((400, 50))
    for number, name in enumerate(CURVE_CLASSES):
        mine, mean = case.curve_of == number, np.maximum.accumulate(curve(name, "asia")[0])
        loss[mine] = case.value[mine, None] * np.interp(case.depth.toarray()[mine].astype(float), DEPTHS, mean)
    assert impact.event_damage == pytest.approx(loss.sum(axis=0), rel=1e-12)
    assert impact.expected_annual_damage == pytest.approx(loss @ case.frequency, rel=1e-12)
    assert (impact.event_unknown_value == 0).all()


def test_events_from_maps_agree_with_the_chain_of_return_periods() -> None:
    hazard, exposure, deviates = make_hazard(), overlay_exposure(make_assets(), REGION), np.linspace(-1, 1, 6)
    maps = hazard.flood_depth[0]
    frequency = np.full(len(maps), 0.01)
    impact = assess_events(EventSet.of_maps(maps, frequency), exposure, "europe", deviates)
    expected = damage_ratios(maps, exposure, "europe", deviates) @ frequency * exposure.value
    assert impact.expected_annual_damage == pytest.approx(expected, nan_ok=True)
    assert np.isnan(impact.expected_annual_damage[[4, 5, 6]]).all()


def test_what_is_unknown_bounds_the_damage_of_an_event_and_is_never_zero() -> None:
    depth = sparse.csr_array(np.array([[1.0, np.nan], [2.0, 0.0]], dtype=np.float32))
    whole = ClassExposure("residential", np.arange(2), np.arange(2), sparse.csr_array(np.array([[1.0, 0], [0.5, 0.5]])))
    impact = assess_events(EventSet(np.array([0.1, 0.2]), depth), Exposure(np.array([10.0, 6.0]), (whole,)), "europe")
    one, two = damage_ratio([1.0, 2.0], "residential", "europe")
    assert np.isnan(impact.expected_annual_damage).all()
    assert impact.event_damage == pytest.approx([10 * one + 3 * one + 3 * two, 0.0])
    assert list(impact.event_unknown_value) == [0.0, 16.0]
    priceless = assess_events(EventSet(np.array([0.1, 0.2]), depth), Exposure(np.full(2, np.nan), (whole,)), "europe")
    assert priceless.priceless == 2
    assert (priceless.event_damage == 0).all()


def test_knots_half_a_metre_apart_hold_the_whole_curve() -> None:
    depth = np.linspace(0, 7, 300)
    for deviate in (-2.0, 0.0, 1.5):
        knots = curve_knots("industrial", "asia", deviate)
        same = np.interp(depth, np.arange(13) / 2, knots)
        assert same == pytest.approx(damage_ratio(depth, "industrial", "asia", deviate), abs=1e-12)


def test_wrong_events_are_refused() -> None:
    depth = sparse.csr_array(np.ones((2, 3), dtype=np.float32))
    with pytest.raises(InputError, match="2 frequencies for 3 floods"):
        EventSet(np.ones(2), depth)
    with pytest.raises(InputError, match="frequency is negative"):
        EventSet(np.array([1.0, -1.0, 1.0]), depth)
    with pytest.raises(InputError, match="depth is negative"):
        EventSet(np.ones(3), -depth)
    with pytest.raises(InputError, match="have 2 cells"):
        assess_events(EventSet(np.ones(3), depth), overlay_exposure(make_assets(), REGION), "europe")
