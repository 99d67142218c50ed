"""What is done to batches: labels move with values, and something of the moment stays visible."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.distillation.pretraining.scenes.augmentation import (
    Augmentation,
    _cut_mixed,
    _hidden,
    _jittered,
    _turned,
    _zoomed,
)
from strandline.distillation.pretraining.scenes.samples import GUIDE, Samples
from strandline.models.flood.scenes.streams import SHOWS_WATER

SIDE = 32
seeds = st.integers(0, 10_000)
NAMES = ("vv_before", "vv_after", "vv_change", "vh_after", "optical_after", "optical_change", "points")


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def make_batch(seed: int = 0, count: int = 6, names: tuple[str, ...] = NAMES) -> Samples:
    """Every value says which scene and cell it is of, and so does the target; half of the cells are unseen."""
    cells = torch.arange(SIDE * SIDE).reshape(SIDE, SIDE) / SIDE**2
    code = torch.arange(count)[:, None, None] + 1 + cells  # (N, H, W)
    seen = torch.rand(count, SIDE, SIDE, generator=generator(seed)) < 0.5
    streams = dict.fromkeys(names, (code[:, None] * seen[:, None], seen))
    return Samples(streams, code, seen, torch.ones(count, dtype=torch.float64))


def follows(batch: Samples) -> bool:
    """Whether values, what was seen, and targets are still of the same cells."""
    return all(
        torch.equal(seen, batch.known) and torch.allclose(value[:, 0], batch.target * batch.known)
        for value, seen in batch.streams.values()
    )


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_symmetries_move_labels_with_values(seed: int) -> None:
    batch = make_batch()
    turned = _turned(batch, generator(seed))
    assert follows(turned)
    for before, after in zip(batch.target, turned.target, strict=True):
        assert torch.equal(before.flatten().sort().values, after.flatten().sort().values)


def test_each_scene_gets_its_own_symmetry() -> None:
    batch = make_batch(count=40)
    corners = (_turned(batch, generator(0)).target - torch.arange(40)[:, None, None] - 1)[:, 0, 0]
    assert len({round(float(corner), 3) for corner in corners}) == 4


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_cut_mix_keeps_values_and_labels_together(seed: int) -> None:
    mixed = _cut_mixed(make_batch(), 1.0, generator(seed))
    assert follows(mixed)
    assert torch.equal(mixed.target % 1, make_batch().target % 1)  # nothing moves within the grid
    assert torch.equal(_cut_mixed(make_batch(), 0.0, generator(seed)).target, make_batch().target)


def test_cut_mix_takes_a_rectangle_of_one_other_scene() -> None:
    mixed = _cut_mixed(make_batch(), 1.0, generator(1)).target.floor().long() - 1
    for number, owners in enumerate(mixed):
        others = set(owners.unique().tolist()) - {number}
        assert len(others) <= 1
        for other in others:
            rows, columns = torch.nonzero(owners == other, as_tuple=True)
            area = (rows.max() - rows.min() + 1) * (columns.max() - columns.min() + 1)
            assert int(area) == len(rows)


@settings(max_examples=30, deadline=None)
@given(seeds, st.floats(0.0, 0.99))
def test_hidden_streams_leave_one_of_the_moment(seed: int, share: float) -> None:
    hidden = _hidden(make_batch().streams, share, generator(seed))
    for scene in range(6):
        assert any(bool(hidden[name][1][scene].any()) for name in SHOWS_WATER if name in hidden)
    for value, seen in hidden.values():
        assert not value[~seen[:, None].expand_as(value)].any()


def test_what_is_lost_together_is_hidden_together_and_a_guide_sees_all() -> None:
    batch = make_batch(count=60, names=(*NAMES, f"{GUIDE}vv_after"))
    hidden = _hidden(batch.streams, 0.4, generator(0))
    gone = {name: ~seen.flatten(1).any(1) for name, (_, seen) in hidden.items()}
    assert gone["vv_after"].any()
    assert not gone[f"{GUIDE}vv_after"].any()
    assert bool((gone["vv_change"] | ~gone["vv_after"]).all())  # no change without the image after
    assert bool((gone["optical_change"] | ~gone["optical_after"]).all())


def test_jitter_leaves_points_a_guide_and_the_unseen_alone() -> None:
    batch = make_batch(names=("vv_after", "points", f"{GUIDE}vv_after"))
    found = _jittered(batch.streams, 0.2, generator(0))
    for name in ("points", f"{GUIDE}vv_after"):
        assert torch.equal(found[name][0], batch.streams[name][0])
    value, seen = found["vv_after"]
    assert not torch.allclose(value, batch.streams["vv_after"][0])
    assert not value[~seen[:, None]].any()


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_a_zoom_blends_nothing_unseen_into_what_was_seen_and_keeps_points_whole(seed: int) -> None:
    seen = torch.rand(2, SIDE, SIDE, generator=generator(seed)) < 0.3
    readings = torch.where(torch.rand(2, SIDE, SIDE, generator=generator(seed)) < 0.5, 1.0, -1.0)
    streams = {"vv_after": (5.0 * seen[:, None], seen), "points": (readings[:, None] * seen[:, None], seen)}
    target = (readings > 0).float()
    zoomed = _zoomed(Samples(streams, target, seen, torch.ones(2)), generator(seed))
    value, there = zoomed.streams["vv_after"]
    torch.testing.assert_close(value[:, 0], 5.0 * there, atol=1e-3, rtol=0)
    points, there = zoomed.streams["points"]
    assert torch.equal(points[:, 0], (2 * zoomed.target - 1) * there)
    assert torch.equal(there, zoomed.known)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_a_batch_keeps_whole_patches_and_single_precision(seed: int) -> None:
    batch = make_batch()
    half = Samples({n: (v.half(), s) for n, (v, s) in batch.streams.items()}, batch.target.half(), batch.known,
                   batch.weight)  # fmt: skip
    found = Augmentation().apply(half, generator(seed))
    rows, columns = found.target.shape[-2:]
    assert rows == columns
    assert rows % 8 == 0
    assert found.target.dtype == torch.float32
    assert all(value.dtype == torch.float32 and value.shape[-1] == columns for value, _ in found.streams.values())
