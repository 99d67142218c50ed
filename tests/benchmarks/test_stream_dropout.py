"""Modality dropout on plain streams: how often, how together, what is left."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from benchmarks.floods.stream_dropout import drop_streams
from strandline.errors import InputError

Given = dict[str, tuple[Tensor, Tensor]]


def streams(size: int = 400, holes: float = 0.0, seed: int = 0) -> Given:
    draw = torch.Generator().manual_seed(seed)

    def stream(channels: int, *shape: int) -> tuple[Tensor, Tensor]:
        seen = torch.rand(size, *shape, generator=draw) >= holes
        return torch.randn(size, channels, *shape, generator=draw) + 5, seen

    return {"radar": stream(2, 12, 16), "optical": stream(3, 6, 6), "weather": stream(4), "gauge": stream(1, 24)}


def draw(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def lost(left: Given) -> dict[str, Tensor]:
    return {name: ~seen.reshape(len(seen), -1).any(1) for name, (_, seen) in left.items()}


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 1.0])
def test_each_stream_is_lost_with_its_probability_and_half_the_time_with_all_others(share: float) -> None:
    gone = lost(drop_streams(streams(20_000), share, draw()))
    for struck in gone.values():
        assert struck.float().mean() == pytest.approx(share, abs=0.015)
    alone = share / 2 / (1 - share / 2)
    everything = torch.stack(list(gone.values())).all(0).float().mean()
    assert everything == pytest.approx(share / 2 + (1 - share / 2) * alone**4, abs=0.015)


def test_what_is_hidden_is_zero_and_unseen_and_what_is_left_is_untouched() -> None:
    before = streams(holes=0.2)
    copy = {name: (values.clone(), seen.clone()) for name, (values, seen) in before.items()}
    after = drop_streams(before, 0.4, draw(), partial=0.5)
    assert list(after) == list(before)
    for name, (values, seen) in after.items():
        assert (seen <= before[name][1]).all()
        assert 0 < seen.sum() < before[name][1].sum()
        mask = seen.unsqueeze(1).expand_as(values)
        assert torch.equal(values[mask], before[name][0][mask])
        assert not values[~mask].any()
        assert torch.equal(before[name][0], copy[name][0])
        assert torch.equal(before[name][1], copy[name][1])


def test_an_invalid_number_behind_a_hole_does_not_leak() -> None:
    values = torch.full((8, 1, 4, 4), math.nan)
    left = drop_streams({"radar": (values, torch.zeros(8, 4, 4, dtype=torch.bool))}, 0.5, draw())
    assert not left["radar"][0].any()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**31), share=st.floats(0, 1), partial=st.floats(0, 1), holes=st.sampled_from([0.0, 0.5, 0.99])
)
def test_keep_one_leaves_one_stream_of_each_sample_that_had_one(
    seed: int, share: float, partial: float, holes: float
) -> None:
    before = streams(40, holes, seed)
    had = ~torch.stack(list(lost(before).values())).all(0)
    after = drop_streams(before, share, draw(seed), partial=partial, keep_one=True)
    assert torch.equal(~torch.stack(list(lost(after).values())).all(0), had)


def test_the_surviving_stream_is_any_of_those_that_were_there() -> None:
    before = streams(4000)
    before["optical"][1][:] = False
    left = lost(drop_streams(before, 1.0, draw(), keep_one=True))
    survivors = torch.stack([~left[name] for name in ("radar", "weather", "gauge")])
    assert left["optical"].all()
    assert (survivors.sum(0) == 1).all()
    assert survivors.float().mean(1).tolist() == pytest.approx([1 / 3] * 3, abs=0.03)


def test_streams_of_one_instrument_fail_together_and_come_back_together() -> None:
    before = streams(4000)
    pair = [("radar", "weather")]
    left = lost(drop_streams(before, 0.5, draw(), instruments=pair))
    assert torch.equal(left["radar"], left["weather"])
    assert not torch.equal(left["radar"], left["gauge"])
    for struck in left.values():
        assert struck.float().mean() == pytest.approx(0.5, abs=0.03)
    left = lost(drop_streams(before, 1.0, draw(), instruments=pair, keep_one=True))
    assert torch.equal(left["radar"], left["weather"])
    survivors = torch.stack([~left[name] for name in ("radar", "optical", "gauge")])
    assert (survivors.sum(0) == 1).all()


def test_an_instrument_with_one_stream_missing_restores_the_other() -> None:
    before = streams(400)
    before["radar"][1][:] = False
    left = lost(drop_streams(before, 1.0, draw(), instruments=[("radar", "weather")], keep_one=True))
    assert left["radar"].all()
    assert (~left["weather"]).any()


def test_a_stream_of_two_instruments_is_refused() -> None:
    with pytest.raises(InputError, match="two instruments"):
        drop_streams(streams(4), 0.5, draw(), instruments=[("radar", "gauge"), ("gauge",)])


def test_partial_outages_affect_only_maps_with_their_probability_and_hide_about_half() -> None:
    after = drop_streams(streams(4000), 0.0, draw(), partial=0.4)
    for name in ("weather", "gauge"):
        assert after[name][1].all()
    for name in ("radar", "optical"):
        kept = after[name][1].flatten(1).float().mean(1)
        assert (kept < 1).float().mean() == pytest.approx(0.4, abs=0.03)
        assert kept[kept < 1].mean() == pytest.approx(0.63, abs=0.05)  # half planes hide 1/2, rectangles 1/4


def test_a_hole_is_a_rectangle_or_one_side_of_a_straight_line() -> None:
    seen = drop_streams(streams(300), 0.0, draw(3), partial=1.0)["radar"][1]
    kinds = {"rectangle": 0, "line": 0}
    row, column = torch.meshgrid(torch.arange(12.0), torch.arange(16.0), indexing="ij")
    for one in seen:
        if one.all() or not one.any():
            continue
        hidden = ~one
        rows, columns = hidden.any(1), hidden.any(0)
        if torch.equal(hidden, rows[:, None] & columns[None, :]) and not (hidden[0, 0] or hidden[-1, -1]):
            kinds["rectangle"] += 1
            continue
        angles = torch.arange(0, 2 * torch.pi, torch.pi / 720)[:, None, None]
        along = row / 12 * torch.sin(angles) + column / 16 * torch.cos(angles)
        lowest = torch.where(hidden, along, math.inf).flatten(1).amin(1)
        highest = torch.where(hidden, -math.inf, along).flatten(1).amax(1)
        kinds["line"] += bool((lowest > highest).any()) and not torch.equal(hidden, rows[:, None] & columns[None, :])
    assert kinds["rectangle"] > 50
    assert kinds["line"] > 100


def test_the_same_generator_gives_the_same_outages() -> None:
    torch.manual_seed(1)
    once = drop_streams(streams(), 0.3, draw(7), partial=0.3, keep_one=True)
    torch.manual_seed(2)
    again = drop_streams(streams(), 0.3, draw(7), partial=0.3, keep_one=True)
    other = drop_streams(streams(), 0.3, draw(8), partial=0.3, keep_one=True)
    assert all(torch.equal(once[name][1], again[name][1]) for name in once)
    assert not all(torch.equal(once[name][1], other[name][1]) for name in once)


@pytest.mark.parametrize(
    ("given", "share", "partial", "what"),
    [
        ({}, 0.3, 0.0, "missing"),
        (streams(4), 1.1, 0.0, "1.1 is no share"),
        (streams(4), math.nan, 0.0, "nan is no share"),
        (streams(4), 0.3, -0.1, "partial: -0.1 is no share"),
        ({**streams(4), "late": streams(5)["radar"]}, 0.3, 0.0, "numbers of samples"),
        ({"radar": (torch.ones(4, 2, 8, 8), torch.ones(4, 8, 8))}, 0.3, 0.0, r"stream 'radar'.*float"),
        ({"radar": (torch.ones(4, 8, 8), torch.ones(4, 8, 8, dtype=torch.bool))}, 0.3, 0.0, r"\(B, C, …\)"),
    ],
)
def test_streams_that_do_not_fit_are_refused(given: Given, share: float, partial: float, what: str) -> None:
    with pytest.raises(InputError, match=what):
        drop_streams(given, share, draw(), partial=partial)
