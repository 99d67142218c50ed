"""The memory of floods answers by likeness: order means nothing, unknown storms mean nothing, loggers have a say."""

import pytest
import torch
from torch import Tensor

from strandline.models.flood.archive_attention import ArchiveAttention

STORMS, ROWS, COLUMNS, CHANNELS = 5, 18, 24, 7
FloodArchive = tuple[Tensor, Tensor, Tensor]


@pytest.fixture(scope="module")
def reader() -> ArchiveAttention:
    torch.manual_seed(0)
    return ArchiveAttention(CHANNELS).eval()


@pytest.fixture
def now() -> Tensor:
    return torch.randn(2, CHANNELS, 24, 24, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def archive() -> FloodArchive:
    generator = torch.Generator().manual_seed(2)
    maps = torch.rand(2, STORMS, 2, ROWS, COLUMNS, generator=generator)
    return maps, torch.ones(2, STORMS, dtype=torch.bool), torch.rand(2, STORMS, generator=generator) + 1


PEAK = torch.tensor([1.2, 1.6])
LOGGERS = (torch.ones(2, 1, ROWS, COLUMNS), torch.eye(ROWS, COLUMNS).expand(2, -1, -1) > 0)


@torch.no_grad()
def test_the_order_of_the_storms_does_not_matter(reader: ArchiveAttention, now: Tensor, archive: FloodArchive) -> None:
    order = torch.randperm(STORMS, generator=torch.Generator().manual_seed(3))
    shuffled = (archive[0][:, order], archive[1][:, order], archive[2][:, order])
    torch.testing.assert_close(
        reader(now, PEAK, shuffled, None), reader(now, PEAK, archive, None), atol=1e-5, rtol=1e-4
    )


@torch.no_grad()
def test_a_storm_that_may_not_be_remembered_changes_nothing(
    reader: ArchiveAttention, now: Tensor, archive: FloodArchive
) -> None:
    maps, seen, level = archive
    hidden = seen.clone()
    hidden[:, 2] = False
    other = maps.clone()
    other[:, 2] = 1 - other[:, 2]
    said = [reader(now, PEAK, (which, hidden, level), None) for which in (maps, other)]
    torch.testing.assert_close(said[0], said[1])
    few = reader(now, PEAK, (maps[:, [0, 1, 3, 4]], seen[:, :4], level[:, [0, 1, 3, 4]]), None)
    torch.testing.assert_close(said[0], few, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_an_archive_spread_over_all_samples_is_looked_at_once_with_the_same_words(
    reader: ArchiveAttention, now: Tensor, archive: FloodArchive
) -> None:
    maps, seen, level = archive
    spread = maps[:1].expand(2, -1, -1, -1, -1)
    looked: list[int] = []
    hook = reader.key.register_forward_hook(lambda *called: looked.append(len(called[1][0])))
    said = [reader(now, PEAK, (which, seen, level), LOGGERS) for which in (spread, spread.contiguous())]
    hook.remove()
    torch.testing.assert_close(said[0], said[1], atol=1e-5, rtol=1e-4)
    assert looked == [STORMS, 2 * STORMS]


@torch.no_grad()
def test_patches_tell_each_other_of_every_storm_apart_and_each_head_in_its_own_way() -> None:
    reader, generator = ArchiveAttention(CHANNELS), torch.Generator().manual_seed(4)
    reader.reach.weight.normal_(generator=generator)
    scores = torch.randn(2, STORMS, reader.heads, 6, 6, generator=generator)
    alone = [reader.reach(scores[:, storm]) for storm in range(STORMS)]
    torch.testing.assert_close(reader.pool_scores(scores), torch.stack(alone, dim=1), atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_every_answer_is_a_mixture_of_the_maps_and_of_nothing(
    reader: ArchiveAttention, now: Tensor, archive: FloodArchive
) -> None:
    found = reader(now, PEAK, archive, None)[..., :ROWS, :COLUMNS]
    flooded, _, share = found.reshape(2, 3, reader.heads, ROWS, COLUMNS).unbind(dim=1)
    assert ((share >= 0) & (share <= 1 + 1e-5)).all()
    highest = archive[0][:, :, 0].amax(dim=1, keepdim=True)
    assert (flooded <= highest * share + 1e-4).all()


@torch.no_grad()
def test_a_logger_speaks_against_storms_that_it_contradicts(reader: ArchiveAttention, now: Tensor) -> None:
    maps = torch.zeros(2, 2, 2, ROWS, COLUMNS)
    maps[:, 0, 0] = 1.0  # the first storm flooded everything, the second nothing
    archive = (maps, torch.ones(2, 2, dtype=torch.bool), torch.full((2, 2), 1.5))
    where = torch.zeros(2, ROWS, COLUMNS, dtype=torch.bool)
    where[:, 9, 9] = True
    said = []
    for depth in (1.0, 0.0):
        reading = torch.full((2, 1, ROWS, COLUMNS), depth) * where[:, None]
        said.append(reader(now, PEAK, archive, (reading, where))[:, : reader.heads, 9, 9])
    assert (said[0] > said[1]).all()
