"""How networks learn to forecast residuals: one loop over sources of readings and of a teacher's word."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmarks.surge.windows import Answer, Past, outages
from strandline.distillation.temporal import expected_pinball
from strandline.models.surge_network import LEVELS, GaugeWindows, SurgeForecast, SurgeNetwork
from strandline.training import train

OWN_OUTAGES = ((0.8, 0.0), (0.1, 0.5), (0.05, 1.0))
"""Chance of a window in learning, and the share of its own readings that it loses; the rest loses its newest hours."""

LEAST_DOUBT = 0.002
"""Of a reading [m]: a label is a teacher that hardly doubts."""


@dataclass(frozen=True, eq=False)
class Source:
    """Records to learn from, read or lent by a teacher: ``size`` windows a step, counted with a weight."""

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
                windows, answer = source.past.windows(index)
                forecast = network(struck(windows, regime, rng))
                terms[f"source_{number}"] = source.weight * score(forecast, answer)
            return terms

        train(list(network.parameters()), loss, regime.steps, regime.learning_rate, weight_decay=0.02)
    return network.eval()


def score(forecast: SurgeForecast, answer: Answer) -> Tensor:
    """Mean over what is known of expected pinball loss and squared error of the median, in units of each record."""
    unit, weight = answer.unit[:, None], answer.seen.to(forecast.quantiles.dtype)
    square = ((answer.level - forecast.median) / unit).square()
    doubt = answer.doubt.clamp(min=LEAST_DOUBT)
    skew = expected_pinball(forecast.quantiles, torch.tensor(LEVELS), answer.level, doubt) / unit
    return ((square + 8 * skew) * weight).sum() / weight.sum().clamp(min=1)


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


def ask(network: SurgeNetwork, windows: GaugeWindows) -> Tensor:
    """Quantiles (N, 49, 9) of many windows."""
    with torch.no_grad():
        parts = torch.split(torch.arange(len(windows)), 2048)
        return torch.cat([network(windows[part]).quantiles for part in parts])


def shown(past: Past, share: float = 0.0, seed: int = 0) -> tuple[GaugeWindows, Answer]:
    """Every window of some records, with a share of own readings lost, and what came after."""
    windows, answer = past.windows(torch.arange(len(past)))
    return windows.without_own(outages(len(past), share, np.random.default_rng(seed))), answer
