"""Draws of weights: each equals dropout with one mask, and their mean is the network where it is linear."""

import pytest
import torch
from torch import Tensor, nn

from strandline.errors import InputError
from strandline.models.inference import predict, student_inputs
from strandline.models.layers import AttentionBlock, Block
from strandline.models.multi_head_student import MultiHeadStudent
from strandline.models.student import Student
from strandline.models.weights.weight_draws import draw_weights
from tests.fixtures.batches import make_batch


def a_student(dropout: float = 0.3) -> Student:
    torch.manual_seed(0)
    return Student(width=8, dropout=dropout).eval()


def draws(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def behind(module: nn.Module) -> tuple[nn.Module, Tensor] | None:
    """The dropout of a module, and the weights behind it."""
    if isinstance(module, Block):
        return module.dropout, module.conv2.weight
    if isinstance(module, AttentionBlock):
        return module.mlp[2], module.mlp[3].get_parameter("weight")
    return None


def test_a_draw_equals_dropout_with_one_mask_for_all_samples_and_cells() -> None:
    student, batch = a_student(), student_inputs(make_batch(3, (16, 24)))
    drawn, masks = draw_weights(student, draws()), 0
    for module, other in zip(student.modules(), drawn.modules(), strict=True):
        found, changed = behind(module), behind(other)
        if found is None or changed is None:
            continue
        ratio = (changed[1] / found[1]).flatten(2).mean(2) if found[1].dim() > 2 else changed[1] / found[1]
        mask = ratio.mean(0).detach()
        assert set(mask.mul(0.7).round(decimals=3).tolist()) <= {0.0, 1.0}
        across = mask[:, None, None] if isinstance(module, Block) else mask
        found[0].register_forward_hook(lambda _, __, output, across=across: output * across)
        masks += 1
    assert masks == 10
    expected, actual = predict(student, batch), predict(drawn, batch)
    torch.testing.assert_close(actual.flood_logits, expected.flood_logits)


def test_draws_differ_and_the_network_stays_as_it_was() -> None:
    student, batch = a_student(), student_inputs(make_batch(2, (16, 16)))
    before = predict(student, batch).flood_logits
    generator = draws()
    one, other = (predict(draw_weights(student, generator), batch).flood_logits for _ in range(2))
    assert not torch.equal(one, other)
    torch.testing.assert_close(predict(student, batch).flood_logits, before, rtol=0, atol=0)
    again = predict(draw_weights(student, draws()), batch).flood_logits
    torch.testing.assert_close(again, one, rtol=0, atol=0)


@pytest.mark.slow
def test_weights_keep_their_mean_over_many_draws() -> None:
    block, generator = Block(8, 0.3), draws()
    weight = block.conv2.weight.detach()
    mean = torch.stack([draw_weights(block, generator).conv2.weight.detach() for _ in range(1000)]).mean(0)
    torch.testing.assert_close(mean, weight, atol=0.15 * float(weight.abs().max()), rtol=0)


def test_a_network_of_heads_draws_its_trunk() -> None:
    network = MultiHeadStudent(a_student(), 3)
    assert not torch.equal(
        draw_weights(network, draws()).trunk.map.out_half.conv2.weight, network.trunk.map.out_half.conv2.weight
    )


def test_without_dropout_there_is_nothing_to_draw() -> None:
    with pytest.raises(InputError, match="has no dropout, so that all draws are equal"):
        draw_weights(a_student(dropout=0.0), draws())
