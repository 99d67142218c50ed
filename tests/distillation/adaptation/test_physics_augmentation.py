"""Physics augmentation: simulated floods, their bounds, and who gets them in an archive."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from strandline.distillation.adaptation.data import AdaptationData, TeacherPredictions, drop_archive
from strandline.distillation.adaptation.physics_augmentation import (
    add_physics_augmentation,
    augment_with_extremes,
    simulate_extremes,
)
from strandline.distillation.waterlines.archive_streams import attach_archive, attach_whole_archive
from strandline.distillation.waterlines.flood_archive import build_archive
from strandline.distillation.waterlines.peak_levels import peak_levels
from strandline.models.batch import Batch
from strandline.models.prediction import Prediction
from strandline.models.terrain_features import terrain_features_of
from strandline.observations.weather.storm_waves import StormWaves
from strandline.pipeline.stages.warnings import extrapolation_warnings
from strandline.simulator.design_storms import StormDesigner, storm_designer
from strandline.uncertainty.forecaster import Forecaster
from tests.fixtures.batches import MEAN_SEA_LEVEL, REGION, ground, make_observations
from tests.risk.hazard.test_flood_maps import SEA_LEVEL

pytestmark = pytest.mark.slow

NOWHERE = np.full((16, 16), -np.inf), np.full((16, 16), np.inf)
PEAKS = np.array([1.2, 1.7, 2.2])


@pytest.fixture(scope="module")
def designer() -> StormDesigner:
    return storm_designer(make_observations(), SEA_LEVEL)


def draw(designer: StormDesigner, bounds: tuple[np.ndarray, np.ndarray] = NOWHERE) -> Batch:
    return simulate_extremes(make_observations(), designer, PEAKS, bounds, np.random.default_rng(0))


def seen(designer: StormDesigner, peaks: list[float], seed: int) -> Batch:
    land = terrain_features_of(REGION, make_observations().terrain, MEAN_SEA_LEVEL)
    return land.attach_to(designer.draw(np.array(peaks), np.random.default_rng(seed)).seen)


def flooded(storms: Batch) -> np.ndarray:
    assert storms.flood_class is not None
    return (storms.flood_class > 0).numpy() & (ground() >= -1)


def test_the_gauge_records_the_requested_peak(designer: StormDesigner) -> None:
    level, spread = peak_levels(draw(designer))
    np.testing.assert_allclose(level.numpy(), PEAKS - MEAN_SEA_LEVEL, atol=1e-5)
    assert (spread < 0.05).all()


def test_a_higher_sea_level_floods_more_low_ground_and_nothing_above_it(designer: StormDesigner) -> None:
    storms = draw(designer)
    wet = flooded(storms)
    assert 0 < wet[0].sum() < wet[1].sum() < wet[2].sum()
    for storm, peak in zip(wet, PEAKS, strict=True):
        assert not storm[ground() > peak].any()
    assert storms.flood_valid is not None
    assert not storms.flood_valid[:, torch.from_numpy(np.isnan(ground()))].any()


def test_bounds_of_the_effective_elevation_keep_cells_dry_or_flood_them(designer: StormDesigner) -> None:
    withstood = np.where(ground() >= -1, 5.0, -np.inf)  # every cell stayed dry at 5 m
    assert not flooded(draw(designer, (withstood, NOWHERE[1]))).any()
    wetted = np.where(ground() >= -1, 0.5 - MEAN_SEA_LEVEL, np.inf)  # every cell, the dike too, was wet at half a metre
    assert flooded(draw(designer, (NOWHERE[0], wetted)))[:, 2:, 4:].all()


def make_data(designer: StormDesigner) -> AdaptationData:
    """Two weak storms without a flood, and a third for calibration."""
    past = seen(designer, [0.5, 0.6, 0.7], 1)
    logits = torch.zeros(3, 5, 16, 16)
    logits[:, 0] = 4.0
    two, last = Prediction(logits[:2]), Prediction(logits[2:])
    archive = build_archive(past[:2], two)
    return AdaptationData(
        training=attach_archive(past[:2], archive, ~torch.eye(2, dtype=torch.bool)),
        calibration=attach_whole_archive(past[2:], archive),
        teacher_predictions=TeacherPredictions(two, last),
        first_pass=archive,
        archive=archive,
    )


def test_only_storms_far_above_all_past_ones_use_simulated_extremes_and_none_uses_itself(
    designer: StormDesigner,
) -> None:
    data = add_physics_augmentation(make_data(designer), draw(designer))
    assert data.archive is not None
    assert len(data.archive) == 5
    assert data.physics_augmented is not None
    assert data.physics_augmented.archive_seen is not None
    np.testing.assert_array_equal(data.physics_augmented.archive_seen.numpy(), ~np.eye(5, dtype=bool)[2:])
    assert data.training.archive_seen is not None
    np.testing.assert_array_equal(data.training.archive_seen.numpy(), ~np.eye(2, dtype=bool))
    assert len(data.first_pass) == 2  # the first pass holds past storms alone
    weaker_and_stronger = seen(designer, [1.05, 1.15], 2)
    attached = attach_whole_archive(weaker_and_stronger, data.archive)
    assert attached.archive_seen is not None
    np.testing.assert_array_equal(attached.archive_seen.numpy(), [[1, 1, 0, 0, 0], [1, 1, 1, 1, 1]])
    drawn = attach_archive(weaker_and_stronger, data.archive, attached.archive_seen)
    assert attached.waterlines is not None
    assert drawn.waterlines is not None
    assert not torch.equal(*attached.waterlines)
    torch.testing.assert_close(attached.waterlines, drawn.waterlines)
    forecaster = Forecaster((), 1.0, 0.8, 0.3, data.archive)
    np.testing.assert_array_equal(forecaster.thresholds(weaker_and_stronger), [0.8, 0.3])
    np.testing.assert_array_equal(replace(forecaster, archive=None).thresholds(weaker_and_stronger), 0.8)
    blank = drop_archive(data)
    assert blank.physics_augmented is not None
    assert blank.physics_augmented.archive is None


def test_simulated_storms_join_an_archive_with_rain_and_rivers(designer: StormDesigner) -> None:
    data = make_data(designer)
    assert data.archive is not None
    wet = replace(data.archive, inflow=torch.tensor([[2.0, 0.0], [0.0, 0.0]]), inflow_seen=torch.ones(2, 2) > 0)
    archive = add_physics_augmentation(replace(data, archive=wet), draw(designer)).archive
    assert archive is not None
    assert archive.inflow_seen is not None
    assert archive.inflow_seen.tolist() == [[True, True]] * 2 + [[False, False]] * 3
    assert archive.of_the_sea.tolist() == [False, True, True, True, True]


def test_a_simulated_extreme_has_the_map_of_the_solver_and_is_unknown_without_terrain(
    designer: StormDesigner,
) -> None:
    storms = draw(designer)
    data = add_physics_augmentation(make_data(designer), storms)
    assert data.archive is not None
    probability, known = data.archive.class_probability[2:], ~np.isnan(ground())
    np.testing.assert_array_equal(probability.argmax(1).numpy()[:, known], storms.flood_class.numpy()[:, known])  # type: ignore[union-attr]
    np.testing.assert_allclose(probability.sum(1).numpy(), np.broadcast_to(known, (3, 16, 16)), atol=1e-6)


@pytest.mark.parametrize(("highest", "physics_augmented"), [(1.0, 0), (1.11, 3), (2.2, 7)])
def test_only_levels_far_above_the_archive_are_simulated(
    designer: StormDesigner, highest: float, physics_augmented: int
) -> None:
    data = augment_with_extremes(
        make_data(designer), make_observations(), SEA_LEVEL, highest, np.random.default_rng(0), None
    )
    if not physics_augmented:
        assert data.physics_augmented is None
        assert extrapolation_warnings(data, MEAN_SEA_LEVEL, 9.0) == ()
        return
    assert data.physics_augmented is not None
    level = peak_levels(data.physics_augmented)[0].numpy() + MEAN_SEA_LEVEL
    assert len(level) == physics_augmented
    assert (np.diff([0.6, *level]) < 0.2501).all()
    assert level[-1] == pytest.approx(highest, abs=1e-5)
    (sentence,) = extrapolation_warnings(data, MEAN_SEA_LEVEL, 9.0)
    assert f"computed up to {highest:.2f} m" in sentence, "above the datum of the region, as every level"
    assert f"reached {0.4 + MEAN_SEA_LEVEL:.2f} m" in sentence
    assert "reach to about 9.00 m" in sentence


def test_without_a_trusted_archive_no_extreme_is_simulated(designer: StormDesigner) -> None:
    data = replace(make_data(designer), archive=None)
    assert augment_with_extremes(data, make_observations(), SEA_LEVEL, 5.0, np.random.default_rng(0), None) is data


def test_waves_flood_more_unless_past_floods_bound_the_ground(designer: StormDesigner) -> None:
    rough = replace(make_observations(), waves=StormWaves(4.0, 10.0, 0.05, MEAN_SEA_LEVEL, 1.7, ""))
    calm = draw(designer)
    higher = simulate_extremes(rough, designer, PEAKS, NOWHERE, np.random.default_rng(0))
    assert (flooded(higher) | ~flooded(calm)).all()
    assert flooded(higher).sum() > flooded(calm).sum()
    np.testing.assert_allclose(peak_levels(higher)[0], peak_levels(calm)[0])  # the gauge shows no set-up
    withstood = np.where(ground() >= -1, PEAKS[1] - MEAN_SEA_LEVEL, -np.inf), NOWHERE[1]
    held = simulate_extremes(rough, designer, PEAKS[:2], withstood, np.random.default_rng(0))
    assert not flooded(held).any()
