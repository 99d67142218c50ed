"""How networks learn to forecast residuals: one loop over sources of readings and of a teacher's word."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmarks.surge.windows import Past, outages
from strandline.models.surge_network import GaugeWindows, SurgeForecast, SurgeNetwork, pinball
from strandline.training import train

OWN_OUTAGES = ((0.8, 0.0), (0.1, 0.5), (0.05, 1.0))
"""Chance of a window in learning, and the share of its own readings that it loses; the rest loses its newest hours."""


@dataclass(frozen=True, eq=False)
class Source:
    """Records to learn from: ``size`` windows a step, counted with a weight."""

    past: Past
    size: int = 256
    weight: float = 1.0


@dataclass(frozen=True)
class Regime:
    """How long and how boldly: steps and learning rate of AdamW; share of windows that hear no neighbour."""

    steps: int
    learning_rate: float
    neighbours_lost: float = 0.3


def learn(network: SurgeNetwork, sources: Sequence[Source], regime: Regime, seed: int) -> SurgeNetwork:
    """Train in place by pinball loss and squared error of the median, in units of the spread of each record."""
    generator, rng = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network.train()

        def loss(step: int) -> dict[str, Tensor]:
            terms: dict[str, Tensor] = {}
            for number, source in enumerate(sources):
                index = torch.randint(len(source.past), (source.size,), generator=generator)
                windows, observed, seen = source.past.windows(index)
                windows = struck(windows, regime, rng)
                terms[f"task_{number}"] = source.weight * score(
                    network(windows), observed, seen, source.past.spread[source.past.issues[index, 0]]
                )
            return terms

        train(list(network.parameters()), loss, regime.steps, regime.learning_rate, weight_decay=0.02)
    return network.eval()


def score(forecast: SurgeForecast, observed: Tensor, seen: Tensor, spread: Tensor) -> Tensor:
    """Mean over what was observed of pinball loss and squared error of the median, in units of each record's spread."""
    weight, unit = seen.to(observed.dtype), spread[:, None]
    square = ((observed - forecast.median) / unit).square() * weight
    return (square + 8 * pinball(forecast, observed, seen) / unit).sum() / weight.sum().clamp(min=1)


def struck(windows: GaugeWindows, regime: Regime, rng: np.random.Generator) -> GaugeWindows:
    """The same after outages: own readings are lost in pieces, altogether or of late, neighbours by chance."""
    size = len(windows)
    hidden = torch.zeros_like(windows.own_seen)
    kind, passed = rng.random(size), 0.0
    for chance, share in OWN_OUTAGES:
        these = torch.from_numpy((kind >= passed) & (kind < passed + chance))[:, None]
        hidden |= these & outages(size, share, rng)
        passed += chance
    late = torch.from_numpy(rng.integers(1, hidden.shape[1], size))[:, None]
    age = torch.arange(hidden.shape[1] - 1, -1, -1)[None]
    hidden |= torch.from_numpy(kind >= passed)[:, None] & (age < late)
    windows = windows.without_own(hidden)
    return windows.without_neighbours(torch.from_numpy(rng.random(size) < regime.neighbours_lost))


def ask(network: SurgeNetwork, past: Past, share: float = 0.0, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Quantiles (N, 49, 9) at every issue with a share of own readings lost, what was observed, and where."""
    rng, found = np.random.default_rng(seed), []
    with torch.no_grad():
        for index in torch.split(torch.arange(len(past)), 2048):
            windows, observed, seen = past.windows(index)
            forecast = network(windows.without_own(outages(len(index), share, rng)))
            found.append((forecast.quantiles, observed, seen))
    quantiles, observed, seen = (torch.cat(part) for part in zip(*found, strict=True))
    return quantiles, observed, seen
