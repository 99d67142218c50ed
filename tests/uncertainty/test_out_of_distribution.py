"""Out-of-distribution tests: level of the p-value, multiple tests, and a warning that names the outliers."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.calibration.training_coasts import site_features
from strandline.distillation.pretraining.simulated_coasts import FIRST_SEED
from strandline.errors import InputError, RefusedByTheory
from strandline.uncertainty.out_of_distribution import (
    LEVEL,
    compare,
    conformal_p_value,
    features_of_site,
    holm,
    load_training_coasts,
)
from tests.fixtures.batches import make_batch

seeds = st.integers(0, 2**31)


def coasts(count: int, seed: int) -> np.ndarray:
    """Skewed, dependent features: no normal distribution may be needed."""
    rng = np.random.default_rng(seed)
    return np.exp(rng.normal(size=(count, 4)) @ rng.normal(size=(4, 4)))


def test_a_draw_of_the_same_kind_is_an_outlier_no_more_often_than_the_level() -> None:
    p = [conformal_p_value(points[-1], points[:-1]) for points in (coasts(40, seed) for seed in range(600))]
    for level in (0.05, 0.1, 0.25):
        assert np.mean(np.array(p) <= level) < level + 3 * np.sqrt(level * (1 - level) / len(p))
    assert np.mean(p) == pytest.approx(0.5, abs=0.05), "nor less often: the test would have no power"


@settings(max_examples=50, deadline=None)
@given(seed=seeds)
def test_a_distant_point_has_the_smallest_p_value_and_the_centre_a_large_one(seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(99, 3))
    assert conformal_p_value(np.array([0.0, 60.0, 0.0]), points) == pytest.approx(0.01)
    assert conformal_p_value(np.zeros(3), points) > 0.2


@settings(max_examples=50, deadline=None)
@given(seed=seeds, scale=st.floats(1e-3, 1e3), shift=st.floats(-50, 50))
def test_units_do_not_matter(seed: int, scale: float, shift: float) -> None:
    points = coasts(30, seed)
    moved = points * np.array([scale, 1, 1, 1]) + np.array([shift, 0, 0, 0])
    assert conformal_p_value(moved[-1], moved[:-1]) == pytest.approx(
        conformal_p_value(points[-1], points[:-1]), abs=1 / 31 + 1e-9
    )


def test_a_constant_feature_changes_nothing() -> None:
    points = coasts(30, 0)
    more = np.concatenate([points, np.full((30, 1), 7.0)], axis=1)
    assert conformal_p_value(more[-1], more[:-1]) == conformal_p_value(points[-1], points[:-1])


def test_holm_by_hand() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})
    assert holm({"a": 0.6, "b": 0.9}) == {"a": 1.0, "b": 1.0}


@pytest.mark.slow
def test_several_streams_raise_no_more_false_warnings_than_one() -> None:
    alarms = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        training = {f"stream {i}": {"a": rng.normal(size=119), "b": rng.normal(size=119)} for i in range(6)}
        place = {name: {"a": float(rng.normal()), "b": float(rng.normal())} for name in training}
        alarms += compare(place, training).warning is not None
    assert alarms / 150 < LEVEL + 3 * np.sqrt(LEVEL * (1 - LEVEL) / 150)


def test_the_warning_names_the_outliers_and_their_range() -> None:
    rng = np.random.default_rng(0)
    training = {
        "ground": {"elevation, median [m]": rng.uniform(0, 2, 40)},
        "sea": {"tide, spread [m]": rng.normal(size=40)},
    }
    found = compare({"ground": {"elevation, median [m]": 14.0}, "sea": {"tide, spread [m]": 0.1}}, training)
    assert set(found.outliers) == {"ground"}
    assert found.warning is not None
    assert "40 simulated coasts" in found.warning
    assert "in its ground (elevation, median [m] 14, training coasts 0.0" in found.warning
    assert compare({"sea": {"tide, spread [m]": 0.1}}, training).warning is None


def test_too_few_coasts_for_so_many_streams_are_refused_with_the_number_needed() -> None:
    training = {name: {"a": np.arange(50.0)} for name in "abcde"}
    with pytest.raises(RefusedByTheory, match="50 training coasts cannot warn at 5% of 5 streams; need 99 or more"):
        compare({name: {"a": 1.0} for name in "abcde"}, training)


def test_features_other_than_those_of_the_training_coasts_are_refused() -> None:
    with pytest.raises(InputError, match="not those of the training coasts"):
        compare({"sea": {"waves": 1.0}}, {"sea": {"tide": np.arange(50.0)}})


def test_an_absent_or_unobserved_stream_has_no_features() -> None:
    batch = make_batch(4)
    every = features_of_site(batch, batch)
    assert set(every) == {"sea", "ground", "radar", "optical", "climate"}
    assert set(features_of_site(batch.without("radar"), batch.without("climate"))) == {"sea", "ground", "optical"}
    clouded = replace(batch, optical_seen=torch.zeros_like(batch.optical_seen))
    assert "optical" not in features_of_site(clouded, batch)
    hidden = replace(batch, radar=batch.radar + 100 * ~batch.radar_seen[:, None])
    assert features_of_site(hidden, batch)["radar"] == every["radar"]
    with pytest.raises(InputError, match="no reading"):
        features_of_site(batch, batch.without("gauge"))


def test_the_shipped_features_are_those_that_are_computed_for_a_study_area() -> None:
    training, batch = load_training_coasts(), make_batch(4)
    place = features_of_site(batch, batch)
    assert {stream: set(features) for stream, features in training.items()} == {s: set(t) for s, t in place.items()}
    lengths = {len(values) for features in training.values() for values in features.values()}
    assert len(lengths) == 1
    assert lengths.pop() >= 99
    assert compare(place, training).warning is not None, "random numbers are no coast"


@pytest.mark.slow
def test_the_shipped_features_come_from_the_command_that_they_name() -> None:
    training = load_training_coasts()
    for stream, found in site_features(FIRST_SEED).items():
        for name, value in found.items():
            assert value == pytest.approx(training[stream][name][0], rel=1e-3), (stream, name)
