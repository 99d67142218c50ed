"""The surge network: hidden streams have no effect, quantiles never cross, and a forecast needs no reading."""

from dataclasses import replace

import pytest
import torch

from benchmarks.surge.neighbours.networks.surge_network import (
    CONTEXT_HOURS,
    HOURS,
    LEVELS,
    GaugeWindows,
    SurgeNetwork,
    last_reading,
)
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


def without_readings(windows: GaugeWindows) -> GaugeWindows:
    """No reading; only the spread of the gauge is known."""
    return replace(
        windows,
        own=torch.zeros_like(windows.own),
        own_seen=torch.zeros_like(windows.own_seen),
        expected=torch.zeros_like(windows.expected),
        expected_spread=windows.unit[:, None].expand_as(windows.expected),
    ).without_neighbours(torch.ones(len(windows)) > 0)


def randomised(network: SurgeNetwork) -> SurgeNetwork:
    """Move every parameter away from zero, so that no zero-initialised part hides a leak."""
    draw = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.05 * torch.randn(parameter.shape, generator=draw)
    return network.eval()


STREAMS = (("own",), ("neighbours",), ("own", "neighbours"))


@pytest.mark.parametrize("streams", STREAMS)
def test_quantiles_never_cross(streams: tuple[str, ...]) -> None:
    forecast = randomised(SurgeNetwork(32, streams))(make_windows(16))
    assert forecast.quantiles.shape == (16, 49, len(LEVELS))
    assert (forecast.quantiles.diff(dim=-1) > 0).all()


@pytest.mark.parametrize("streams", STREAMS)
def test_without_any_reading_the_median_is_the_tide_and_the_bounds_are_open(streams: tuple[str, ...]) -> None:
    forecast = randomised(SurgeNetwork(32, streams))(without_readings(make_windows(8)))
    assert not forecast.median.any()
    assert (forecast.quantiles[..., -1] > 0.01).all()


def test_initial_weights_return_the_prediction_of_readings_and_neighbours() -> None:
    windows = make_windows(8)
    ahead = slice(CONTEXT_HOURS - 1, None)
    own = SurgeNetwork(32, ("own",)).eval()(windows)
    torch.testing.assert_close(own.median, windows.expected[:, ahead])
    width = own.quantiles[..., LEVELS.index(0.95)] - own.quantiles[..., LEVELS.index(0.05)]
    torch.testing.assert_close(width, 2 * 1.644854 * windows.expected_spread[:, ahead])
    certain = replace(windows, neighbour_spread=torch.full_like(windows.neighbour_spread, 1e-3))
    both = SurgeNetwork(32, ("own", "neighbours")).eval()
    torch.testing.assert_close(both(certain).median, windows.neighbour_mean[:, ahead], atol=2e-2, rtol=0)
    blank = without_readings(windows)
    silent = replace(windows, own=blank.own, own_seen=blank.own_seen, expected=blank.expected)
    torch.testing.assert_close(both(silent).median, windows.neighbour_mean[:, ahead])
    uncertain = replace(windows, neighbour_spread=torch.full_like(windows.neighbour_spread, 9.0))
    torch.testing.assert_close(both(uncertain).median, windows.expected[:, ahead])


def test_a_network_ignores_streams_that_it_was_not_built_for() -> None:
    windows = make_windows(8)
    own_only = randomised(SurgeNetwork(32, ("own",)))
    torch.testing.assert_close(
        own_only(windows).quantiles, own_only(windows.without_neighbours(torch.ones(8) > 0)).quantiles, rtol=0, atol=0
    )
    neighbours_only = randomised(SurgeNetwork(32, ("neighbours",)))
    other = make_windows(8, seed=5)
    changed = replace(windows, own=other.own, own_seen=other.own_seen, expected=other.expected)
    torch.testing.assert_close(neighbours_only(windows).quantiles, neighbours_only(changed).quantiles, rtol=0, atol=0)


def test_the_last_reading_is_the_newest_observed_one() -> None:
    own = torch.tensor([[0.1, 0.2, 0.3], [0.1, 0.2, 0.0], [0.0, 0.0, 0.0]])
    reading, age = last_reading(own, torch.tensor([[1, 1, 1], [1, 1, 0], [0, 0, 0]]) > 0)
    torch.testing.assert_close(reading, torch.tensor([0.3, 0.2, 0.0]))
    assert age.tolist() == [0, 1, 3]


def test_windows_of_another_shape_and_unknown_streams_are_refused() -> None:
    windows = make_windows(2)
    with pytest.raises(InputError, match=r"own: have shape \(2, 71\)"):
        replace(windows, own=windows.own[:, 1:])
    with pytest.raises(InputError, match="name own, neighbours or both"):
        SurgeNetwork(32, ("radar",))
    with pytest.raises(InputError, match="name own, neighbours or both"):
        SurgeNetwork(32, ())
