"""A forecast at a gauge: what is not seen does not exist, quantiles never cross, and nothing at all is answered too."""

from dataclasses import replace

import pytest
import torch

from strandline.errors import InputError
from strandline.models.surge_network import (
    CONTEXT_HOURS,
    HOURS,
    LEVELS,
    GaugeWindows,
    SurgeNetwork,
    last_reading,
)


def make_windows(size: int, seed: int = 0) -> GaugeWindows:
    draw = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=draw)

    seen = torch.rand(size, CONTEXT_HOURS, generator=draw) < 0.7
    return GaugeWindows(
        torch.where(seen, 0.1 * normal(size, CONTEXT_HOURS), 0.0),
        seen,
        normal(size, len(HOURS)),
        normal(size, 2),
        0.1 * normal(size, len(HOURS)),
        0.1 * normal(size, len(HOURS)).abs(),
        torch.ones(size, dtype=torch.bool),
    )


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
def test_what_was_not_seen_changes_nothing(streams: tuple[str, ...]) -> None:
    network, windows = awake(SurgeNetwork(32, streams)), make_windows(8)
    silent = windows.without_own(torch.ones_like(windows.own_seen)).without_neighbours(torch.ones(8) > 0)
    other = make_windows(8, seed=5)
    garbage = replace(
        other,
        own_seen=silent.own_seen,
        around_seen=silent.around_seen,
        tide=windows.tide,
        season=windows.season,
        own=torch.zeros_like(other.own),
    ).without_neighbours(torch.ones(8) > 0)
    torch.testing.assert_close(network(silent).quantiles, network(garbage).quantiles)
    assert torch.isfinite(network(silent).quantiles).all()


def test_a_network_does_not_look_at_streams_that_it_was_not_built_for() -> None:
    windows = make_windows(8)
    deaf = awake(SurgeNetwork(32, ("own",)))
    torch.testing.assert_close(
        deaf(windows).quantiles, deaf(windows.without_neighbours(torch.ones(8) > 0)).quantiles, rtol=0, atol=0
    )
    mute = awake(SurgeNetwork(32, ("neighbours",)))
    hidden = windows.without_own(torch.ones_like(windows.own_seen))
    torch.testing.assert_close(mute(windows).quantiles, mute(hidden).quantiles, rtol=0, atol=0)


def test_the_last_reading_is_the_newest_that_was_seen() -> None:
    own = torch.tensor([[0.1, 0.2, 0.3], [0.1, 0.2, 0.0], [0.0, 0.0, 0.0]])
    reading, age = last_reading(own, torch.tensor([[1, 1, 1], [1, 1, 0], [0, 0, 0]]) > 0)
    torch.testing.assert_close(reading, torch.tensor([0.3, 0.2, 0.0]))
    assert age.tolist() == [0, 1, 3]


def test_hidden_readings_are_gone_whatever_they_were() -> None:
    windows = make_windows(4)
    hidden = torch.zeros_like(windows.own_seen)
    hidden[:, -10:] = True
    left = windows.without_own(hidden)
    assert not left.own_seen[:, -10:].any()
    assert (left.own[:, -10:] == 0).all()
    torch.testing.assert_close(left.own[:, :-10], windows.own[:, :-10])


def test_windows_of_another_shape_and_unknown_streams_stop_at_the_door() -> None:
    windows = make_windows(2)
    with pytest.raises(InputError, match=r"own: have shape \(2, 71\)"):
        replace(windows, own=windows.own[:, 1:])
    with pytest.raises(InputError, match="name own, neighbours or both"):
        SurgeNetwork(32, ("radar",))
    with pytest.raises(InputError, match="name own, neighbours or both"):
        SurgeNetwork(32, ())
