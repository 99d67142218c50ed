"""The sea's flood is the prior, images the likelihood; who knows nothing changes nothing."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.models.flood.scenes.scene_map import SceneMap
from strandline.pipeline.maps.moment.combine import AgreementCount, SeaFlood, combine
from strandline.pipeline.maps.moment.layers import BOTH, IMAGES, INFERRED, SEA, SEEN, UNKNOWN_SOURCE

CHANCE = st.floats(0.01, 0.99)


def images(*values: float, threshold: float = 0.5) -> SceneMap:
    probability = np.array([values], np.float32)
    spread = np.where(np.isnan(probability), np.nan, 0.1).astype(np.float32)
    return SceneMap(probability, spread, threshold, ("VV",), ("radar_after",))


def sea(*values: float) -> SeaFlood:
    probability = np.array([values], np.float32)
    wet = np.where(np.isnan(probability), np.nan, probability >= 0.5).astype(np.float32)
    return SeaFlood(probability, np.zeros_like(probability), wet)


def test_each_cell_says_who_knows_it() -> None:
    nan = np.nan
    seen = np.array([[nan, nan, nan, nan, 1.0]], np.float32)
    found = combine(images(0.8, 0.8, nan, nan, 0.95), sea(nan, 0.9, 0.7, nan, 0.2), seen)
    assert found.source.tolist() == [[IMAGES, BOTH, SEA, UNKNOWN_SOURCE, SEEN]]
    assert found.probability[0, 0] == pytest.approx(0.8)
    assert found.probability[0, 2] == pytest.approx(0.7)
    assert np.isnan(found.probability[0, 3])
    assert np.isnan(found.wet[0, 3])
    assert found.probability[0, 4] == pytest.approx(0.95)  # what people saw stands against the sea


def test_what_nobody_saw_is_never_dry() -> None:
    """Inferred under cloud: wet counts, dry stays unknown, and the sea's flood answers where it knows."""
    nan = np.nan
    hidden = np.array([[False, True, True, True]])
    found = combine(replace(images(0.1, 0.9, 0.1, 0.9), inferred=hidden), sea(nan, nan, nan, 0.2), None)
    assert found.source.tolist() == [[IMAGES, INFERRED, INFERRED, SEA]]
    np.testing.assert_array_equal(found.wet, np.array([[0, 1, nan, 0]], np.float32))
    np.testing.assert_allclose(found.probability, [[0.1, 0.9, 0.1, 0.2]])


def test_odds_multiply_as_bayes_has_it() -> None:
    found = combine(images(0.8), sea(0.75), None)
    assert found.probability[0, 0] == pytest.approx(12 / 13)  # odds of 4 times odds of 3


@given(chance=CHANCE, prior=CHANCE)
def test_a_wetter_prior_never_dries_a_cell(chance: float, prior: float) -> None:
    low, high = sorted((prior, 0.5))
    drier, wetter = (combine(images(chance), sea(each), None).probability[0, 0] for each in (low, high))
    assert wetter >= drier - 1e-6


@given(prior=CHANCE)
def test_an_image_at_its_threshold_says_nothing(prior: float) -> None:
    found = combine(images(0.3, threshold=0.3), sea(prior), None)
    assert found.probability[0, 0] == pytest.approx(np.clip(prior, 0.1, 0.9), abs=1e-5)


def test_a_clear_image_of_a_river_stands_against_a_sea_that_is_dry_there() -> None:
    assert combine(images(0.98), sea(0.0), None).wet[0, 0] == 1


def test_without_the_sea_the_images_are_the_map() -> None:
    found = combine(images(0.2, 0.7), None, None)
    assert found.wet.tolist() == [[0, 1]]


def test_agreement_counts_cells_that_both_know() -> None:
    count = AgreementCount()
    count.add(np.array([1, 1, 0, np.nan]), np.array([1, 0, 0, 1]))
    found = count.result()
    assert found is not None
    assert (found.cells, found.same, found.overlap) == (3, pytest.approx(2 / 3), 0.5)
    assert AgreementCount().result() is None
