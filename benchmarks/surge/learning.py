"""How networks learn to forecast residuals: one loop over sources of readings and of a teacher's word."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.surge.surge_network import (
    CONTEXT_HOURS,
    FLOOR,
    LAST_LEAD,
    LEVELS,
    GaugeWindows,
    SurgeForecast,
    SurgeNetwork,
)
from benchmarks.surge.temporal import TemporalAlignment, daily_consistency, expected_pinball
from benchmarks.surge.windows import Answer, Past, outages
from strandline.distillation.alignment.projection import ProjectionHead, align_patches
from strandline.distillation.training.loop import train

OWN_OUTAGES = ((0.6, 0.0), (0.15, 0.5), (0.1, 1.0))
"""Chance of a window in learning, and the share of its own readings that it loses; the rest loses its newest hours."""
GUIDED = 0.3
"""Weight of the teacher's features, as in the article that Strandline set out from."""
HIGH_COUNTS = 30.0
"""As much as so many others does an hour whose level the gauge passes in one of a hundred, for the upper quantiles."""
DAYS_AHEAD = LAST_LEAD // 24
LEAST_DOUBT = 0.002
"""Of a reading [m]: a label is a teacher that hardly doubts."""


@dataclass(frozen=True, eq=False)
class Guide:
    """What a teacher thinks at some hours, for a student's features to come near.

    Attributes:
        features: (N, K, D) of the teacher, for each window.
        hours: (K,) after the issue [h].
        attended: whether the student's hours listen to those of the teacher by cross-attention; else each takes the
            newest.
    """

    features: Tensor
    hours: Tensor
    attended: bool


@dataclass(frozen=True, eq=False)
class Source:
    """Windows to learn from, read or lent by a teacher.

    Attributes:
        windows, answer: what was known and what came after.
        size: of them a step.
        guide: what a teacher thinks at these hours.
        tells_spread: whether bounds may be learned from them: not from weeks that the tide was fitted to, where it is
            nearer than elsewhere.
        tells_hours, tells_days: whether each hour of the answer is to be met, and the means of its days.
    """

    windows: GaugeWindows
    answer: Answer
    size: int = 256
    guide: Guide | None = None
    tells_spread: bool = True
    tells_hours: bool = True
    tells_days: bool = False


@dataclass(frozen=True)
class Regime:
    """How long and how boldly: steps and learning rate of AdamW; share of windows that hear no neighbour."""

    steps: int
    learning_rate: float
    neighbours_lost: float = 0.3


def drawn(past: Past, most: int, size: int, seed: int) -> Source:
    """At most so many windows of some records; own readings are lost in pieces, altogether or of late."""
    rng = np.random.default_rng(seed)
    index = torch.from_numpy(rng.permutation(len(past))[:most])
    kind, passed = rng.random(len(index)), 0.0
    hidden = torch.zeros(len(index), CONTEXT_HOURS, dtype=torch.bool)
    for chance, share in OWN_OUTAGES:
        these = torch.from_numpy((kind >= passed) & (kind < passed + chance))[:, None]
        hidden |= these & outages(len(index), share, rng)
        passed += chance
    late = torch.from_numpy(rng.integers(1, CONTEXT_HOURS, len(index)))[:, None]
    age = torch.arange(CONTEXT_HOURS - 1, -1, -1)[None]
    hidden |= torch.from_numpy(kind >= passed)[:, None] & (age < late)
    return Source(*past.windows(index, hidden), size)


def learn(network: SurgeNetwork, sources: Sequence[Source], regime: Regime, seed: int) -> SurgeNetwork:
    """Train in place by pinball loss and squared error of the median, in units of each gauge's weather."""
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network.train()
        guides = {number: source.guide for number, source in enumerate(sources) if source.guide is not None}
        listeners = nn.ModuleDict({str(number): _Listener(network, guide) for number, guide in guides.items()})

        def loss(step: int) -> dict[str, Tensor]:
            terms: dict[str, Tensor] = {}
            for number, source in enumerate(sources):
                index = torch.randint(len(source.windows), (source.size,), generator=generator)
                deaf = torch.rand(source.size, generator=generator) < regime.neighbours_lost
                windows = source.windows[index].without_neighbours(deaf)
                share = source.size / sum(one.size for one in sources)
                forecast, answer = network(windows), source.answer[index]
                if source.tells_hours:
                    terms[f"hours_{number}"] = share * error_of(forecast, answer, windows, source.tells_spread)
                if source.tells_days:
                    terms[f"days_{number}"] = share * error_of_days(forecast, answer, windows)
                if source.guide is not None:
                    far = listeners[str(number)](forecast.features, source.guide.features[index])
                    terms[f"guide_{number}"] = GUIDED * share * far.mean()
            return terms

        train(
            [*network.parameters(), *listeners.parameters()],
            loss,
            regime.steps,
            regime.learning_rate,
            weight_decay=0.02,
        )
    return network.eval()


class _Listener(nn.Module):
    """How far a student's features (B, 49, D) are from a teacher's at the same hours; thrown away after training."""

    def __init__(self, network: SurgeNetwork, guide: Guide) -> None:
        super().__init__()
        self.guide, width = guide, guide.features.shape[2]
        self.head = ProjectionHead(network.hour_width, width)
        self.alignment = TemporalAlignment(network.hour_width, width) if guide.attended else None

    def forward(self, student: Tensor, teacher: Tensor) -> Tensor:
        """(B,) cosine distance."""
        lead, hours = torch.arange(student.shape[1], dtype=student.dtype), self.guide.hours
        if self.alignment is None:
            newest = (hours <= lead[:, None]).sum(dim=1).clamp(min=1) - 1
            return align_patches(self.head, student, teacher[:, newest])
        size, seen = len(student), torch.ones(teacher.shape[:2], dtype=torch.bool)
        heard = self.alignment(student, lead.expand(size, -1), teacher, hours.expand(size, -1), seen)
        return align_patches(self.head, student, heard)


def error_of(forecast: SurgeForecast, answer: Answer, windows: GaugeWindows, tells_spread: bool) -> Tensor:
    """Mean over what is known of squared error of the median and expected pinball loss, in units of the weather.

    For quantiles above the median high levels count more, so that they are not smoothed away.
    """
    unit, seen = windows.unit[:, None].clamp(min=FLOOR), answer.seen.to(forecast.quantiles.dtype)
    square = ((answer.level - forecast.median) / unit).square()
    if not tells_spread:
        return (square * seen).sum() / seen.sum().clamp(min=1)
    doubt = answer.doubt.clamp(min=LEAST_DOUBT)
    levels = torch.tensor(LEVELS)
    skew = expected_pinball(forecast.quantiles, levels, answer.level, doubt) / unit[..., None]  # (B, 49, 9)
    high = windows.tide[:, CONTEXT_HOURS - 1 :] + answer.level >= windows.high[:, None]
    skew = (skew * torch.where(high[..., None] & (levels > 0.5), HIGH_COUNTS, 1.0)).mean(dim=2)
    return ((square + 8 * skew) * seen).sum() / seen.sum().clamp(min=1)


def error_of_days(forecast: SurgeForecast, answer: Answer, windows: GaugeWindows) -> Tensor:
    """Squared difference of the median's and the answer's means over the two days ahead, in units of the weather."""
    size, ahead = len(windows), 24 * DAYS_AHEAD
    level, seen = (part[:, :ahead].reshape(size, DAYS_AHEAD, 24) for part in (answer.level, answer.seen))
    count = seen.sum(dim=2)
    days = (level * seen).sum(dim=2) / count.clamp(min=1)
    lead = torch.arange(forecast.median.shape[1], dtype=level.dtype).expand(size, -1)
    starts = lead[:, :ahead:24]
    far = daily_consistency(forecast.median, lead, days, starts, count == 24)
    return (far / windows.unit.clamp(min=FLOOR).square()).mean()


def ask(network: SurgeNetwork, windows: GaugeWindows) -> Tensor:
    """Quantiles (N, 49, 9) of many windows."""
    with torch.no_grad():
        parts = torch.split(torch.arange(len(windows)), 2048)
        return torch.cat([network(windows[part]).quantiles for part in parts])


def shown(past: Past, share: float = 0.0, seed: int = 0) -> tuple[GaugeWindows, Answer]:
    """Every window of some records, with a share of own readings lost, and what came after."""
    return past.windows(torch.arange(len(past)), outages(len(past), share, np.random.default_rng(seed)))
