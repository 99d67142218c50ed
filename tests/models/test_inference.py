"""Dihedral transforms and test-time augmentation."""

import pytest
import torch

from strandline.models.inference import DihedralTransform, predict, predict_with_tta
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from tests.fixtures.batches import make_batch

TRANSFORMS = DihedralTransform.all()


@pytest.mark.parametrize("shape", [(8, 8), (8, 24)], ids=str)
@pytest.mark.parametrize("turn", TRANSFORMS, ids=str)
def test_a_transform_has_an_inverse_and_keeps_every_asset_on_its_cell(
    turn: DihedralTransform, shape: tuple[int, int]
) -> None:
    batch = make_batch(2, shape)
    turned = turn.batch(batch)
    assert batch.terrain is not None
    assert turned.terrain is not None
    assert batch.asset_cell is not None
    assert turned.asset_cell is not None
    for i in range(2):
        for asset in range(5):
            row, column = batch.asset_cell[i, asset]
            new_row, new_column = turned.asset_cell[i, asset]
            torch.testing.assert_close(turned.terrain[i, :, new_row, new_column], batch.terrain[i, :, row, column])
            assert turned.flood_valid[i, new_row, new_column] == batch.flood_valid[i, row, column]  # type: ignore[index]
    back = [one.grid(turn.grid(batch.terrain)) for one in TRANSFORMS]
    same = [grid.shape == batch.terrain.shape and torch.equal(grid, batch.terrain) for grid in back]
    assert [one for one, is_same in zip(TRANSFORMS, same, strict=True) if is_same] == [turn.inverse]
    again = turn.inverse.batch(turned)
    for name, tensor in vars(batch).items():
        torch.testing.assert_close(getattr(again, name), tensor)


def test_the_eight_transforms_differ_and_all_are_drawn() -> None:
    grid = torch.arange(9).reshape(3, 3)
    assert len({tuple(turn.grid(grid).flatten().tolist()) for turn in TRANSFORMS}) == 8
    draw = torch.Generator().manual_seed(0)
    assert {DihedralTransform.draw(draw) for _ in range(100)} == set(TRANSFORMS)


def test_the_flood_map_of_a_prediction_is_transformed_and_patches_are_dropped() -> None:
    torch.manual_seed(0)
    word = predict(Student(width=8).eval(), make_batch(2, (8, 8)))
    turned = DihedralTransform(True, False, True).prediction(word)
    torch.testing.assert_close(turned.flood_logits, DihedralTransform(True, False, True).grid(word.flood_logits))
    assert "patches" not in turned.features
    assert "global" in turned.features


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(8, 8), (8, 24)], ids=str)
def test_predictions_with_tta_are_equivariant_and_stay_probabilities(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    network, batch = Teacher(width=16, depth=1), make_batch(2, shape)
    word = predict_with_tta(network, batch)
    torch.testing.assert_close(word.flood_logits.exp().sum(dim=1), torch.ones(2, *shape))
    for turn in TRANSFORMS:
        turned = predict_with_tta(network, turn.batch(batch)).flood_logits
        torch.testing.assert_close(turned, turn.grid(word.flood_logits), rtol=1e-4, atol=1e-4)
    plain = predict(network, batch)
    assert not torch.allclose(plain.flood_logits.log_softmax(dim=1), word.flood_logits, atol=1e-2)
    torch.testing.assert_close(word.features["patches"], plain.features["patches"])
