"""Attention over the flood archive: invariant to the order of storms and to masked storms; loggers count."""

import pytest
import torch
from torch import Tensor

from strandline.models.flood.archive_attention import ArchiveAttention

STORMS, ROWS, COLUMNS, CHANNELS = 5, 18, 24, 7
Maps = tuple[Tensor, Tensor, Tensor]


@pytest.fixture(scope="module")
def attention() -> ArchiveAttention:
    torch.manual_seed(0)
    return ArchiveAttention(CHANNELS).eval()


@pytest.fixture
def present() -> Tensor:
    return torch.randn(2, CHANNELS, 24, 24, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def archive() -> Maps:
    generator = torch.Generator().manual_seed(2)
    maps = torch.rand(2, STORMS, 2, ROWS, COLUMNS, generator=generator)
    return maps, torch.ones(2, STORMS, dtype=torch.bool), torch.rand(2, STORMS, generator=generator) + 1


PEAK = torch.tensor([1.2, 1.6])
LOGGERS = (torch.ones(2, 1, ROWS, COLUMNS), torch.eye(ROWS, COLUMNS).expand(2, -1, -1) > 0)


@torch.no_grad()
def test_the_order_of_the_storms_does_not_matter(attention: ArchiveAttention, present: Tensor, archive: Maps) -> None:
    order = torch.randperm(STORMS, generator=torch.Generator().manual_seed(3))
    shuffled = (archive[0][:, order], archive[1][:, order], archive[2][:, order])
    torch.testing.assert_close(
        attention(present, PEAK, shuffled, None), attention(present, PEAK, archive, None), atol=1e-5, rtol=1e-4
    )


@torch.no_grad()
def test_a_masked_storm_changes_nothing(attention: ArchiveAttention, present: Tensor, archive: Maps) -> None:
    maps, seen, level = archive
    hidden = seen.clone()
    hidden[:, 2] = False
    other = maps.clone()
    other[:, 2] = 1 - other[:, 2]
    outputs = [attention(present, PEAK, (which, hidden, level), None) for which in (maps, other)]
    torch.testing.assert_close(outputs[0], outputs[1])
    few = attention(present, PEAK, (maps[:, [0, 1, 3, 4]], seen[:, :4], level[:, [0, 1, 3, 4]]), None)
    torch.testing.assert_close(outputs[0], few, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_an_archive_expanded_over_all_samples_is_encoded_once_with_the_same_output(
    attention: ArchiveAttention, present: Tensor, archive: Maps
) -> None:
    maps, seen, level = archive
    spread = maps[:1].expand(2, -1, -1, -1, -1)
    encoded: list[int] = []
    hook = attention.key.register_forward_hook(lambda *called: encoded.append(len(called[1][0])))
    outputs = [attention(present, PEAK, (which, seen, level), LOGGERS) for which in (spread, spread.contiguous())]
    hook.remove()
    torch.testing.assert_close(outputs[0], outputs[1], atol=1e-5, rtol=1e-4)
    assert encoded == [STORMS, 2 * STORMS]


@torch.no_grad()
def test_scores_are_pooled_for_each_storm_and_head_separately() -> None:
    attention, generator = ArchiveAttention(CHANNELS), torch.Generator().manual_seed(4)
    attention.reach.weight.normal_(generator=generator)
    scores = torch.randn(2, STORMS, attention.heads, 6, 6, generator=generator)
    separate = [attention.reach(scores[:, storm]) for storm in range(STORMS)]
    torch.testing.assert_close(attention.pool_scores(scores), torch.stack(separate, dim=1), atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_every_output_is_a_mixture_of_the_maps_and_an_empty_map(
    attention: ArchiveAttention, present: Tensor, archive: Maps
) -> None:
    output = attention(present, PEAK, archive, None)[..., :ROWS, :COLUMNS]
    flooded, _, share = output.reshape(2, 3, attention.heads, ROWS, COLUMNS).unbind(dim=1)
    assert ((share >= 0) & (share <= 1 + 1e-5)).all()
    highest = archive[0][:, :, 0].amax(dim=1, keepdim=True)
    assert (flooded <= highest * share + 1e-4).all()


@torch.no_grad()
def test_a_logger_lowers_the_weight_of_storms_that_it_contradicts(attention: ArchiveAttention, present: Tensor) -> None:
    maps = torch.zeros(2, 2, 2, ROWS, COLUMNS)
    maps[:, 0, 0] = 1.0  # the first storm flooded everything, the second nothing
    archive = (maps, torch.ones(2, 2, dtype=torch.bool), torch.full((2, 2), 1.5))
    where = torch.zeros(2, ROWS, COLUMNS, dtype=torch.bool)
    where[:, 9, 9] = True
    outputs = []
    for depth in (1.0, 0.0):
        reading = torch.full((2, 1, ROWS, COLUMNS), depth) * where[:, None]
        outputs.append(attention(present, PEAK, archive, (reading, where))[:, : attention.heads, 9, 9])
    assert (outputs[0] > outputs[1]).all()
