"""Training of surge networks: one loop over sources of readings and of teacher predictions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.surge.neighbours.networks.surge_network import (
    CONTEXT_HOURS,
    FLOOR,
    LAST_LEAD,
    LEVELS,
    GaugeWindows,
    SurgeForecast,
    SurgeNetwork,
)
from benchmarks.surge.neighbours.networks.temporal import daily_consistency, expected_pinball
from benchmarks.surge.neighbours.records.windows import RecordSet, Targets, draw_outages
from strandline.distillation.alignment.projection import ProjectionHead, align_patches
from strandline.distillation.alignment.temporal import TemporalAlignment
from strandline.distillation.training.loop import train

OWN_OUTAGES = ((0.6, 0.0), (0.15, 0.5), (0.1, 1.0))
"""Share of training windows, and the share of own readings that they lose; the others lose their newest hours."""
FEATURE_WEIGHT = 0.3
"""Weight of the feature alignment."""
HIGH_WEIGHT = 30.0
"""Weight of the upper quantiles at hours above the 99th percentile of the level."""
DAYS_AHEAD = LAST_LEAD // 24
LEAST_UNCERTAINTY = 0.002
"""Least standard deviation of a target [m]."""


@dataclass(frozen=True, eq=False)
class FeatureTarget:
    """Teacher features that the features of the student are aligned with.

    Attributes:
        features: (N, K, D) of the teacher, per window.
        hours: (K,) after the issue [h].
        has_attention: whether hours are aligned by cross-attention; else with the newest of the teacher.
    """

    features: Tensor
    hours: Tensor
    has_attention: bool


@dataclass(frozen=True, eq=False)
class Source:
    """Training windows with readings, or with teacher predictions.

    Attributes:
        windows, targets: inputs, and levels at the leads.
        size: windows per step.
        feature_target: teacher features for the alignment.
        trains_spread: whether they train the bounds; weeks that the tide is fitted to do not, since the tide has less
            error there.
        trains_hours, trains_days: whether the loss has hourly levels, and daily means.
    """

    windows: GaugeWindows
    targets: Targets
    size: int = 256
    feature_target: FeatureTarget | None = None
    trains_spread: bool = True
    trains_hours: bool = True
    trains_days: bool = False


@dataclass(frozen=True)
class TrainingConfig:
    """Steps and learning rate of AdamW, and the share of windows without neighbours."""

    steps: int
    learning_rate: float
    neighbours_lost: float = 0.3


def draw_source(record_set: RecordSet, most: int, size: int, seed: int) -> Source:
    """At most ``most`` random windows of some records, with outages in pieces, of all or of the newest readings."""
    rng = np.random.default_rng(seed)
    index = torch.from_numpy(rng.permutation(len(record_set))[:most])
    kind, passed = rng.random(len(index)), 0.0
    hidden = torch.zeros(len(index), CONTEXT_HOURS, dtype=torch.bool)
    for probability, share in OWN_OUTAGES:
        these = torch.from_numpy((kind >= passed) & (kind < passed + probability))[:, None]
        hidden |= these & draw_outages(len(index), share, rng)
        passed += probability
    late = torch.from_numpy(rng.integers(1, CONTEXT_HOURS, len(index)))[:, None]
    age = torch.arange(CONTEXT_HOURS - 1, -1, -1)[None]
    hidden |= torch.from_numpy(kind >= passed)[:, None] & (age < late)
    return Source(*record_set.windows(index, hidden), size)


def train_network(network: SurgeNetwork, sources: Sequence[Source], regime: TrainingConfig, seed: int) -> SurgeNetwork:
    """Train in place by pinball loss and squared error of the median, scaled by the spread of each gauge."""
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network.train()
        guides = {
            number: source.feature_target for number, source in enumerate(sources) if source.feature_target is not None
        }
        feature_losses = nn.ModuleDict(
            {str(number): _FeatureLoss(network, feature_target) for number, feature_target in guides.items()}
        )

        def loss(step: int) -> dict[str, Tensor]:
            terms: dict[str, Tensor] = {}
            for number, source in enumerate(sources):
                index = torch.randint(len(source.windows), (source.size,), generator=generator)
                deaf = torch.rand(source.size, generator=generator) < regime.neighbours_lost
                windows = source.windows[index].without_neighbours(deaf)
                share = source.size / sum(one.size for one in sources)
                forecast, targets = network(windows), source.targets[index]
                if source.trains_hours:
                    terms[f"hours_{number}"] = share * hourly_loss(forecast, targets, windows, source.trains_spread)
                if source.trains_days:
                    terms[f"days_{number}"] = share * daily_loss(forecast, targets, windows)
                if source.feature_target is not None:
                    distance = feature_losses[str(number)](forecast.features, source.feature_target.features[index])
                    terms[f"guide_{number}"] = FEATURE_WEIGHT * share * distance.mean()
            return terms

        train(
            [*network.parameters(), *feature_losses.parameters()],
            loss,
            regime.steps,
            regime.learning_rate,
            weight_decay=0.02,
        )
    return network.eval()


class _FeatureLoss(nn.Module):
    """Distance of student features (B, 49, D) from teacher features at the same hours; used in training only."""

    def __init__(self, network: SurgeNetwork, feature_target: FeatureTarget) -> None:
        super().__init__()
        self.feature_target, width = feature_target, feature_target.features.shape[2]
        self.head = ProjectionHead(network.hour_width, width)
        self.alignment = TemporalAlignment(network.hour_width, width) if feature_target.has_attention else None

    def forward(self, student: Tensor, teacher: Tensor) -> Tensor:
        """(B,) cosine distance."""
        lead, hours = torch.arange(student.shape[1], dtype=student.dtype), self.feature_target.hours
        if self.alignment is None:
            newest = (hours <= lead[:, None]).sum(dim=1).clamp(min=1) - 1
            return align_patches(self.head, student, teacher[:, newest])
        size, seen = len(student), torch.ones(teacher.shape[:2], dtype=torch.bool)
        aligned = self.alignment(student, lead.expand(size, -1), teacher, hours.expand(size, -1), seen)
        return align_patches(self.head, student, aligned)


def hourly_loss(forecast: SurgeForecast, targets: Targets, windows: GaugeWindows, trains_spread: bool) -> Tensor:
    """Mean squared error of the median plus expected pinball loss, scaled by the spread of the gauge.

    High levels have more weight in the quantiles above the median, so that they are not smoothed.
    """
    unit, seen = windows.unit[:, None].clamp(min=FLOOR), targets.seen.to(forecast.quantiles.dtype)
    square = ((targets.level - forecast.median) / unit).square()
    if not trains_spread:
        return (square * seen).sum() / seen.sum().clamp(min=1)
    uncertainty = targets.uncertainty.clamp(min=LEAST_UNCERTAINTY)
    levels = torch.tensor(LEVELS)
    skew = expected_pinball(forecast.quantiles, levels, targets.level, uncertainty) / unit[..., None]  # (B, 49, 9)
    high = windows.tide[:, CONTEXT_HOURS - 1 :] + targets.level >= windows.high[:, None]
    skew = (skew * torch.where(high[..., None] & (levels > 0.5), HIGH_WEIGHT, 1.0)).mean(dim=2)
    return ((square + 8 * skew) * seen).sum() / seen.sum().clamp(min=1)


def daily_loss(forecast: SurgeForecast, targets: Targets, windows: GaugeWindows) -> Tensor:
    """Squared difference of daily means of median and targets over the two days ahead, scaled by the spread."""
    size, ahead = len(windows), 24 * DAYS_AHEAD
    level, seen = (part[:, :ahead].reshape(size, DAYS_AHEAD, 24) for part in (targets.level, targets.seen))
    count = seen.sum(dim=2)
    days = (level * seen).sum(dim=2) / count.clamp(min=1)
    lead = torch.arange(forecast.median.shape[1], dtype=level.dtype).expand(size, -1)
    starts = lead[:, :ahead:24]
    distance = daily_consistency(forecast.median, lead, days, starts, count == 24)
    return (distance / windows.unit.clamp(min=FLOOR).square()).mean()


def predict_quantiles(network: SurgeNetwork, windows: GaugeWindows) -> Tensor:
    """Quantiles (N, 49, 9) of many windows, in chunks."""
    with torch.no_grad():
        parts = torch.split(torch.arange(len(windows)), 2048)
        return torch.cat([network(windows[part]).quantiles for part in parts])


def all_windows(record_set: RecordSet, share: float = 0.0, seed: int = 0) -> tuple[GaugeWindows, Targets]:
    """All windows of some records with a share of own readings lost, and their targets."""
    return record_set.windows(
        torch.arange(len(record_set)), draw_outages(len(record_set), share, np.random.default_rng(seed))
    )
