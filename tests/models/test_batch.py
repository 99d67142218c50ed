"""Batches: checks of shapes, types and masks; accessors; concatenation."""

from dataclasses import replace

import pytest
import torch

from strandline.errors import InputError
from strandline.models.batch import Batch
from tests.fixtures.batches import (
    make_batch,
)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("name", ["gauge", "tide", "terrain", "radar", "climate"])
def test_nan_and_infinity_are_refused(name: str, value: float) -> None:
    batch = make_batch()
    broken = getattr(batch, name).clone()
    broken.view(-1)[7] = value
    with pytest.raises(InputError, match=f"'{name}' holds NaN or infinity"):
        replace(batch, **{name: broken})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tide": torch.zeros(2, 72)}, r"'tide' is \(2, 72\); expected \(3, 72\)"),
        ({"gauge_seen": torch.ones(3, 3, 72)}, "masks are boolean"),
        ({"flood_valid": torch.ones(3, 16, 24, dtype=torch.uint8)}, "masks are boolean"),
        ({"radar_seen": None}, "'radar' lacks 'radar_seen'"),
        ({"optical": None}, "'optical' lacks 'optical'"),
        ({"tide": torch.zeros(3, 96)}, r"'tide' is \(3, 96\); expected \(3, 72\)"),
        (
            {"radar_seen": torch.ones(3, 16, 23, dtype=torch.bool)},
            r"'radar_seen' is \(3, 16, 23\); expected \(3, 16, 24\)",
        ),
        (
            {"gauge_seen": torch.ones(3, 2, 72, dtype=torch.bool)},
            r"'gauge_seen' is \(3, 2, 72\); expected \(3, 3, 72\)",
        ),
        ({"climate": torch.zeros(3, 6, 4)}, r"'climate' is \(3, 6, 4\); expected \(3, 6, 5\)"),
        ({"season": torch.zeros(3)}, r"'season' is \(3,\); expected \(3, 2\)"),
        ({"archive": torch.zeros(3, 2, 2, 16, 24), "archive_seen": torch.ones(3, 2) > 0}, "lacks 'archive_level'"),
        ({"climate_seen": torch.ones(3, 5, dtype=torch.bool)}, r"'climate_seen' is \(3, 5\); expected \(3, 6\)"),
        (
            {"in_situ": torch.zeros(3, 1, 8, 8), "in_situ_seen": torch.ones(3, 8, 8, dtype=torch.bool)},
            r"'in_situ' is \(3, 1, 8, 8\); expected \(3, 1, 16, 24\)",
        ),
    ],
)
def test_shapes_and_masks_that_do_not_fit_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        replace(make_batch(), **change)


def test_a_field_and_its_mask_are_returned_or_named_when_absent() -> None:
    batch = make_batch()
    assert batch.pair("radar") == (batch.radar, batch.radar_seen)
    assert batch.pair("flood_class") == (batch.flood_class, batch.flood_valid)
    with pytest.raises(InputError, match="has no 'radar'"):
        batch.without("radar").pair("radar")
    with pytest.raises(ValueError, match="'tide' has no mask"):
        batch.pair("tide")
    with pytest.raises(InputError, match="has no modality 'tide'"):
        batch.without("tide")


def test_land_is_known_ground_that_is_not_permanent_water() -> None:
    batch = make_batch()
    assert batch.terrain is not None
    assert torch.equal(batch.land, batch.terrain_seen & (batch.terrain[:, 2] == 0))


def test_parts_of_a_batch_concatenate_to_the_whole() -> None:
    batch = make_batch(5)
    again = Batch.concatenate([batch[:2], batch[torch.tensor([2])], batch[3:]])
    for name, tensor in vars(batch).items():
        torch.testing.assert_close(getattr(again, name), tensor)
    assert [len(part) for part in (batch, batch[:2], again.without("radar"))] == [5, 2, 5]


def test_a_removed_modality_has_no_tensor_and_the_tide_stays() -> None:
    batch = make_batch().without("radar", "optical", "gauge")
    assert batch.radar is batch.radar_seen is batch.optical is None
    assert not batch.gauge_seen.any()
    assert not batch.gauge.any()
    torch.testing.assert_close(batch.tide, make_batch().tide)
