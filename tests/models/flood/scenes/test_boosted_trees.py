"""Trees as arrays answer as the library that fitted them."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file
from sklearn.ensemble import HistGradientBoostingClassifier

from strandline.distillation.pretraining.scenes import fit_trees as module
from strandline.models.flood.scenes.boosted_trees import BoostedTrees
from strandline.models.flood.scenes.cell_features import FEATURES
from strandline.observations.arrays import Mask, SingleFloats

NAMES = ("vv_after_3", "ndwi_after_1", "vh_change_3", "near_after")


@pytest.fixture(scope="module")
def cells() -> tuple[SingleFloats, Mask]:
    """Cells with unknown features, one of them in none."""
    rng = np.random.default_rng(0)
    values = rng.standard_normal((1500, len(FEATURES))).astype(np.float32)
    wet = values[:, FEATURES.index("vv_after_3")] + 0.5 * rng.standard_normal(1500) < 0
    values[rng.random(values.shape) < 0.2] = np.nan
    values[:, FEATURES.index("near_after")] = np.nan
    return values, wet


@pytest.fixture(scope="module")
def fitted(cells: tuple[SingleFloats, Mask]) -> tuple[BoostedTrees, HistGradientBoostingClassifier]:
    found: list[HistGradientBoostingClassifier] = []

    class Kept(HistGradientBoostingClassifier):
        def fit(self, *data: object, **more: object) -> HistGradientBoostingClassifier:
            found.append(self)
            return super().fit(*data, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sklearn.ensemble.HistGradientBoostingClassifier", Kept)
        trees = module.fit_trees(*cells, np.ones(1500), NAMES, 0, trees=12)
    return trees, found[0]


def test_our_evaluation_equals_that_of_the_library_with_unknown_features_too(
    cells: tuple[SingleFloats, Mask], fitted: tuple[BoostedTrees, HistGradientBoostingClassifier]
) -> None:
    trees, model = fitted
    assert trees.names == NAMES[:3]  # the feature that no cell has is left out
    values = cells[0][:1024]
    ours = trees.probability(values.T.reshape(len(FEATURES), 32, 32))
    places = [FEATURES.index(name) for name in trees.names]
    np.testing.assert_allclose(ours.ravel(), model.predict_proba(values[:, places])[:, 1], atol=2e-6)
    assert float(ours.std()) > 0.1


def test_trees_are_saved_and_loaded_equal(
    tmp_path: Path,
    cells: tuple[SingleFloats, Mask],
    fitted: tuple[BoostedTrees, HistGradientBoostingClassifier],
) -> None:
    trees, grid = fitted[0], cells[0][:64].T.reshape(len(FEATURES), 8, 8)
    save_file(trees.tensors("trees_all."), tmp_path / "trees.safetensors")
    again = BoostedTrees.of_tensors(load_file(tmp_path / "trees.safetensors"), "trees_all.")
    np.testing.assert_array_equal(again.probability(grid), trees.probability(grid))
    assert again.names == trees.names


def test_neighbouring_values_in_single_precision_go_their_own_ways() -> None:
    """The threshold between them lies in double precision; rounded up it would be the higher value."""
    low = np.nextafter(np.float32(1), np.float32(2))
    high = np.nextafter(low, np.float32(2))
    values = np.full((400, len(FEATURES)), np.nan, dtype=np.float32)
    values[:, FEATURES.index("vv_after_3")] = np.repeat([low, high], 200)
    trees = module.fit_trees(values, np.arange(400) < 200, np.ones(400), NAMES[:1], 0, trees=3)
    found = trees.probability(values.T.reshape(len(FEATURES), 20, 20)).ravel()
    assert found[0] > 0.5 > found[-1]
