"""Labelled scenes as tensors: which cells train, and how much an event counts."""

from dataclasses import replace

import numpy as np
import torch

from strandline.distillation.pretraining.scenes.fit_trees import CellTable, draw_cells
from strandline.distillation.pretraining.scenes.samples import samples_of, trained_cells
from strandline.models.flood.scenes.cell_features import OPTICAL_FEATURES, RADAR_FEATURES
from strandline.observations.flood_scenes.scene import UNKNOWN
from tests.fixtures.flood_scenes import draw_labelled


def test_permanent_water_trains_no_flood_and_is_kept_for_water() -> None:
    one = draw_labelled(0)
    assert one.scene.permanent_water is not None
    lake = one.scene.permanent_water > 0.5
    assert lake.any()
    np.testing.assert_array_equal(trained_cells(one), ~lake)
    assert trained_cells(replace(one, meaning="water")).all()
    unknown_lake = replace(one, scene=replace(one.scene, permanent_water=None))
    assert trained_cells(unknown_lake).all()


def test_neither_an_unknown_label_nor_a_cell_without_an_image_of_the_moment_trains() -> None:
    one = replace(draw_labelled(0), meaning="water")
    label = one.label.copy()
    label[0] = UNKNOWN
    assert one.scene.radar_after is not None
    radar = one.scene.radar_after.copy()
    radar[:, 5] = np.nan
    only_radar = one.scene.without("optical_after")
    found = trained_cells(replace(one, label=label, scene=replace(only_radar, radar_after=radar)))
    assert not found[[0, 5]].any()
    assert found.sum() == 30 * 32


def test_an_event_counts_with_the_root_of_its_number_of_scenes() -> None:
    samples = samples_of([draw_labelled(number, event) for number, event in enumerate("aaaab")])
    np.testing.assert_allclose(samples.weight.numpy(), [0.5] * 4 + [1.0])
    part = samples[slice(3, 5)].only(["vv_after"])
    assert (len(part), list(part.streams)) == (2, ["vv_after"])
    other = part.with_target(torch.full((2, 32, 32), 0.25), part.known)
    assert float(other.target.mean()) == 0.25


def test_cells_of_a_scene_are_drawn_alike_and_only_where_they_train() -> None:
    one = draw_labelled(0)
    cells = draw_cells(one, 50, 3)
    np.testing.assert_array_equal(cells, draw_cells(one, 50, 3))
    assert trained_cells(one).ravel()[cells].all()
    assert len(np.unique(cells)) == 50
    assert len(draw_cells(one, 10**6, 3)) == trained_cells(one).sum()
    assert not np.array_equal(cells, draw_cells(replace(one, name="other"), 50, 3))


def test_a_table_knows_which_features_its_scenes_have() -> None:
    dark = [replace(one, scene=one.scene.without("optical_before", "optical_after"))
            for one in (draw_labelled(0), draw_labelled(1))]  # fmt: skip
    table = CellTable.of(dark, 20, 0)
    assert table.features.shape == (40, len(RADAR_FEATURES) + len(OPTICAL_FEATURES))
    assert table.has(RADAR_FEATURES)
    assert not table.has(OPTICAL_FEATURES)
    np.testing.assert_allclose(table.weight, 2**-0.5)
