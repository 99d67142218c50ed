"""A forecast at a gauge: what is not seen does not exist, quantiles never cross, and nothing at all is answered too."""

from dataclasses import replace

import pytest
import torch

from benchmarks.surge.surge_network import CONTEXT_HOURS, HOURS, LEVELS, GaugeWindows, SurgeNetwork, last_reading
from strandline.errors import InputError


def make_windows(size: int, seed: int = 0) -> GaugeWindows:
    draw = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=draw)

    seen = torch.rand(size, CONTEXT_HOURS, generator=draw) < 0.7
    return GaugeWindows(
        torch.where(seen, 0.1 * normal(size, CONTEXT_HOURS), 0.0),
        seen,
        0.1 * normal(size, len(HOURS)),
        0.01 + 0.1 * normal(size, len(HOURS)).abs(),
        0.1 + 0.1 * normal(size).abs(),
        normal(size, len(HOURS)),
        1.0 + normal(size).abs(),
        normal(size, 2),
        0.1 * normal(size, len(HOURS)),
        0.01 + 0.1 * normal(size, len(HOURS)).abs(),
        torch.ones(size, dtype=torch.bool),
    )


def silenced(windows: GaugeWindows) -> GaugeWindows:
    """Nothing was read; the weather alone is known."""
    return replace(
        windows,
        own=torch.zeros_like(windows.own),
        own_seen=torch.zeros_like(windows.own_seen),
        expected=torch.zeros_like(windows.expected),
        expected_spread=windows.unit[:, None].expand_as(windows.expected),
    ).without_neighbours(torch.ones(len(windows)) > 0)


def awake(network: SurgeNetwork) -> SurgeNetwork:
    """Every parameter away from zero, so that no zero-initialised part hides a leak."""
    draw = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.05 * torch.randn(parameter.shape, generator=draw)
    return network.eval()


STREAMS = (("own",), ("neighbours",), ("own", "neighbours"))


@pytest.mark.parametrize("streams", STREAMS)
def test_quantiles_never_cross(streams: tuple[str, ...]) -> None:
    forecast = awake(SurgeNetwork(32, streams))(make_windows(16))
    assert forecast.quantiles.shape == (16, 49, len(LEVELS))
    assert (forecast.quantiles.diff(dim=-1) > 0).all()


@pytest.mark.parametrize("streams", STREAMS)
def test_where_nothing_is_heard_the_median_is_the_tide_and_the_bounds_are_there(streams: tuple[str, ...]) -> None:
    forecast = awake(SurgeNetwork(32, streams))(silenced(make_windows(8)))
    assert not forecast.median.any()
    assert (forecast.quantiles[..., -1] > 0.01).all()


def test_untaught_it_says_what_readings_and_neighbours_say() -> None:
    windows = make_windows(8)
    ahead = slice(CONTEXT_HOURS - 1, None)
    own = SurgeNetwork(32, ("own",)).eval()(windows)
    torch.testing.assert_close(own.median, windows.expected[:, ahead])
    width = own.quantiles[..., LEVELS.index(0.95)] - own.quantiles[..., LEVELS.index(0.05)]
    torch.testing.assert_close(width, 2 * 1.644854 * windows.expected_spread[:, ahead])
    sure = replace(windows, around_spread=torch.full_like(windows.around_spread, 1e-3))
    both = SurgeNetwork(32, ("own", "neighbours")).eval()
    torch.testing.assert_close(both(sure).median, windows.around[:, ahead], atol=2e-2, rtol=0)
    deaf = silenced(windows)
    silent = replace(windows, own=deaf.own, own_seen=deaf.own_seen, expected=deaf.expected)
    torch.testing.assert_close(both(silent).median, windows.around[:, ahead])
    doubtful = replace(windows, around_spread=torch.full_like(windows.around_spread, 9.0))
    torch.testing.assert_close(both(doubtful).median, windows.expected[:, ahead])


def test_a_network_does_not_look_at_streams_that_it_was_not_built_for() -> None:
    windows = make_windows(8)
    deaf = awake(SurgeNetwork(32, ("own",)))
    torch.testing.assert_close(
        deaf(windows).quantiles, deaf(windows.without_neighbours(torch.ones(8) > 0)).quantiles, rtol=0, atol=0
    )
    mute = awake(SurgeNetwork(32, ("neighbours",)))
    other = make_windows(8, seed=5)
    changed = replace(windows, own=other.own, own_seen=other.own_seen, expected=other.expected)
    torch.testing.assert_close(mute(windows).quantiles, mute(changed).quantiles, rtol=0, atol=0)


def test_the_last_reading_is_the_newest_that_was_seen() -> None:
    own = torch.tensor([[0.1, 0.2, 0.3], [0.1, 0.2, 0.0], [0.0, 0.0, 0.0]])
    reading, age = last_reading(own, torch.tensor([[1, 1, 1], [1, 1, 0], [0, 0, 0]]) > 0)
    torch.testing.assert_close(reading, torch.tensor([0.3, 0.2, 0.0]))
    assert age.tolist() == [0, 1, 3]


def test_windows_of_another_shape_and_unknown_streams_stop_at_the_door() -> None:
    windows = make_windows(2)
    with pytest.raises(InputError, match=r"own: have shape \(2, 71\)"):
        replace(windows, own=windows.own[:, 1:])
    with pytest.raises(InputError, match="name own, neighbours or both"):
        SurgeNetwork(32, ("radar",))
    with pytest.raises(InputError, match="name own, neighbours or both"):
        SurgeNetwork(32, ())
