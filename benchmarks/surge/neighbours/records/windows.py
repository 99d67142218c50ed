"""From records to the input windows of a network at an issue, and their targets."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self, TypeVar

import numpy as np
import torch
from scipy.optimize import brentq
from scipy.special import ndtr
from torch import Tensor

from benchmarks.surge.neighbours.networks.surge_network import CONTEXT_HOURS, HOURS, LAST_LEAD, GaugeWindows
from benchmarks.surge.neighbours.records.gauges import Gauges, Residual, offsets_from
from benchmarks.surge.neighbours.records.travelling_waves import fit_waves, interpolate, spreads_of
from strandline.observations.arrays import Floats, Mask
from strandline.observations.sea_level.surge.residual_process import predict_residual

CHUNK = 1024
"""Windows per chunk; each needs a matrix."""
PRIOR_WEIGHT = 24 * 0.1**2
"""Prior weight of the pressure rise under cyclones [m2 h], equal to a day of 10 cm."""
PRIOR_DAYS = 15.0
"""Days of readings with the same weight as the other gauges; an assumption."""


@dataclass(frozen=True, eq=False)
class NeighbourPrediction:
    """Predictions of each station from its neighbours at every hour, from data known then.

    Attributes:
        mean, spread: (S, T, 120) [m] of the residual at `HOURS` of each issue; 0 without neighbours.
        seen: (S, T) whether a neighbour was available.
    """

    mean: Tensor
    spread: Tensor
    seen: Tensor


def predict_from_neighbours(
    gauges: Gauges, residuals: Sequence[Residual], train: Mask, target: int
) -> NeighbourPrediction:
    """Predict every station from the other gauges without the target.

    The rise under cyclones is subtracted before the interpolation and added again at the station. A station with fewer
    than three other gauges has no prediction, since they cannot determine how surges travel.
    """
    level = np.stack([one.level for one in residuals])
    pressure_rise = cyclone_rise(gauges, np.where(train, level, np.nan))
    if pressure_rise is not None:
        level = level - pressure_rise[:, :, CONTEXT_HOURS - 1]
    size = (len(level), level.shape[1], len(HOURS))
    mean, spread, seen = torch.zeros(size), torch.zeros(size), torch.zeros(size[:2], dtype=torch.bool)
    for station in range(len(level)):
        others = [other for other in range(len(level)) if other not in (station, target)]
        if len(others) >= 3:
            positions = offsets_from(gauges, station)[others]
            record_set, here = np.where(train, level, np.nan)[others], np.zeros(2)
            waves = fit_waves(positions, record_set, here)
            predicted = interpolate(waves, positions, spreads_of(record_set), level[others], here, HOURS)
            available = torch.from_numpy(predicted.available)
            rise = np.zeros(1) if pressure_rise is None else pressure_rise[station] * predicted.available[:, None]
            mean[station] = torch.from_numpy(predicted.mean + rise).float()
            spread[station] = torch.from_numpy(np.hypot(predicted.spread, rise)).float() * available[:, None]
            seen[station] = available
    return NeighbourPrediction(mean, spread, seen)


def cyclone_rise(gauges: Gauges, level: Floats) -> Floats | None:
    """(S, T, 120) rise [m] under cyclones: that of their pressure times a factor.

    Wind adds to the rise by pressure; the factor is fitted to the levels (S, T) [m] by least squares with a prior at 1.
    """
    if gauges.pressure_rise is None:
        return None
    pressure_rise = gauges.pressure_rise.astype(float)
    now, seen = pressure_rise[:, :, CONTEXT_HOURS - 1], np.isfinite(level)
    factor = float((now * np.where(seen, level, 0.0)).sum() + PRIOR_WEIGHT) / float(
        (now**2 * seen).sum() + PRIOR_WEIGHT
    )
    return max(factor, 0.0) * pressure_rise


@dataclass(frozen=True)
class NeighbourFit:
    """Fit of the neighbour prediction to the readings of a gauge.

    Attributes:
        gain: of the prediction [-].
        error_ratio: observed over predicted standard deviation of its error [-].
        readings: number of readings of the fit.
    """

    gain: float
    error_ratio: float
    readings: int


def fit_neighbours(neighbours: NeighbourPrediction, station: int, level: Floats) -> NeighbourFit:
    """Fit to residuals (T,) of a gauge [m]; NaN = not observed."""
    both = np.isfinite(level) & neighbours.seen[station].numpy()
    predicted, spread = (
        one[station, both, CONTEXT_HOURS - 1].double().numpy() for one in (neighbours.mean, neighbours.spread)
    )
    if predicted.size == 0 or not predicted.any():
        return NeighbourFit(1.0, 1.0, 0)
    gain = float(np.clip((predicted * level[both]).sum() / (predicted**2).sum(), 0.0, 2.0))
    off = np.sqrt(np.mean((level[both] - gain * predicted) ** 2) / np.mean(spread**2))
    return NeighbourFit(gain, float(off), int(both.sum()))


def shrink_fit(own: NeighbourFit, others: Sequence[NeighbourFit]) -> NeighbourFit:
    """The fit of few readings, shrunk towards those of the other gauges."""
    available = [one for one in others if one.readings]
    if not available:
        return own
    days = own.readings / 24
    share = days / (days + PRIOR_DAYS)
    gain = share * own.gain + (1 - share) * float(np.mean([one.gain for one in available]))
    error_ratio = share * np.log(own.error_ratio) + (1 - share) * float(
        np.mean([np.log(one.error_ratio) for one in available])
    )
    return NeighbourFit(gain, float(np.exp(error_ratio)), own.readings)


@dataclass(frozen=True, eq=False)
class Targets:
    """Targets of B issues.

    Attributes:
        level, seen, uncertainty: (B, 49) residual at each lead [m], whether it is known, and its deviation [m].
    """

    level: Tensor
    seen: Tensor
    uncertainty: Tensor

    def __getitem__(self, index: Tensor) -> Self:
        return replace(self, level=self.level[index], seen=self.seen[index], uncertainty=self.uncertainty[index])


Batch = TypeVar("Batch", GaugeWindows, Targets)


@dataclass(frozen=True, eq=False)
class Record:
    """Residuals of a gauge from some tide, with the hours that may be used.

    Attributes:
        station: index of the gauge.
        residual: from the tide.
        readable: (T,) hours that may be used.
        covariance: (168,) autocovariance of the residual [m2].
        neighbour_fit: of the neighbour prediction.
    """

    station: int
    residual: Residual
    readable: Mask
    covariance: Floats
    neighbour_fit: NeighbourFit


def high_level(record: Record, share: float = 0.01) -> float:
    """Level [m above mean sea level] that a share of all hours exceeds, for the known tide and a normal residual."""
    tide = record.residual.tide
    spread = float(np.sqrt(record.covariance[0] + np.mean((record.residual.modes**2).sum(axis=1))))

    def excess(level: float) -> float:
        return float(ndtr((tide - level) / spread).mean()) - share

    return float(brentq(excess, tide.min() - 9 * spread, tide.max() + 9 * spread))


@dataclass(frozen=True, eq=False)
class RecordSet:
    """Records of one or more gauges, with the hours at which a forecast may be issued.

    Attributes:
        level, seen, tide: (R, T) residual [m], whether it may be used, and the tide [m].
        uncertainty: (R, T) standard deviation of the residual [m]; 0 for readings.
        modes: error modes of each tide (T, M) [m].
        covariance: (R, 168) autocovariances [m2].
        high: (R,) level [m above mean sea level] that each exceeds in 1 % of the hours.
        neighbour_fit: (R, 2) gain and error ratio of the neighbour prediction.
        season: (T, 2).
        station: (R,) index of the gauge.
        neighbours: predictions from neighbours.
        issues: (N, 2) record and hour.
    """

    level: Tensor
    seen: Tensor
    tide: Tensor
    uncertainty: Tensor
    modes: tuple[Tensor, ...]
    covariance: Tensor
    high: Tensor
    neighbour_fit: Tensor
    season: Tensor
    station: Tensor
    neighbours: NeighbourPrediction
    issues: Tensor

    def __len__(self) -> int:
        return len(self.issues)

    def windows(self, index: Tensor, hidden: Tensor) -> tuple[GaugeWindows, Targets]:
        """Windows at some issues with readings (B, 72) hidden, and their targets."""
        parts = [self._windows(part, lost) for part, lost in zip(index.split(CHUNK), hidden.split(CHUNK), strict=True)]
        windows, targets = [window for window, _ in parts], [target for _, target in parts]
        return _combined(windows), _combined(targets)

    def _windows(self, index: Tensor, hidden: Tensor) -> tuple[GaugeWindows, Targets]:
        record, hour = self.issues[index].unbind(dim=1)
        hours = hour[:, None] + torch.arange(1 - CONTEXT_HOURS, LAST_LEAD + 1)  # (B, 120)
        level, seen = self.level[record[:, None], hours], self.seen[record[:, None], hours]
        own_seen = seen[:, :CONTEXT_HOURS] & ~hidden
        own = torch.where(own_seen, level[:, :CONTEXT_HOURS], 0.0)
        expected, spread, tidal = (torch.zeros(level.shape) for _ in range(3))
        for which in record.unique():
            these = record == which
            covariance = self.covariance[which].expand(int(these.sum()), -1)
            modes = self.modes[which][hours[these]]
            expected[these], spread[these] = predict_residual(own[these], own_seen[these], covariance, modes)
            tidal[these] = modes.square().sum(dim=2)  # [m2]: unknown to the neighbours
        station, neighbours = self.station[record], self.neighbours
        gain, error_ratio = self.neighbour_fit[record].unbind(dim=1)
        available = neighbours.seen[station, hour]
        neighbour_spread = (
            torch.sqrt((neighbours.spread[station, hour] * error_ratio[:, None]).square() + tidal) * available[:, None]
        )
        windows = GaugeWindows(
            own,
            own_seen,
            expected,
            spread,
            self.covariance[record, 0].sqrt(),
            self.tide[record[:, None], hours],
            self.high[record],
            self.season[hour],
            neighbours.mean[station, hour] * gain[:, None],
            neighbour_spread,
            available,
        )
        ahead = hours[:, CONTEXT_HOURS - 1 :]
        known = seen[:, CONTEXT_HOURS - 1 :]
        return windows, Targets(level[:, CONTEXT_HOURS - 1 :], known, self.uncertainty[record[:, None], ahead])


def _combined(parts: Sequence[Batch]) -> Batch:
    names = [field.name for field in fields(parts[0])]
    return replace(parts[0], **{name: torch.cat([getattr(part, name) for part in parts]) for name in names})


def build_record_set(
    gauges: Gauges, records: Sequence[Record], issued: Mask, neighbours: NeighbourPrediction
) -> RecordSet:
    """Build a record set; issues are the hours with at least one reading in their leads.

    Args:
        gauges: all gauges; ``records``: of some of them.
        issued: (T,) hours at which forecasts are issued.
        neighbours: predictions from neighbours.
    """
    level = np.stack([record.residual.level for record in records])
    seen = np.isfinite(level) & np.stack([record.readable for record in records])
    days = (gauges.time - gauges.time.astype("datetime64[Y]")) / np.timedelta64(1, "D")
    season = np.stack([np.cos(2 * np.pi * days / 365.25), np.sin(2 * np.pi * days / 365.25)], axis=1)
    sums = np.cumsum(np.pad(seen, ((0, 0), (1, LAST_LEAD + 1))), axis=1)
    has_target = sums[:, LAST_LEAD + 1 :][:, : seen.shape[1]] > sums[:, : seen.shape[1]]
    fits = np.zeros(seen.shape[1], dtype=bool)
    fits[CONTEXT_HOURS - 1 : seen.shape[1] - LAST_LEAD] = True
    return RecordSet(
        torch.from_numpy(np.where(seen, level, 0.0)).float(),
        torch.from_numpy(seen),
        torch.from_numpy(np.stack([record.residual.tide for record in records])).float(),
        torch.from_numpy(np.stack([record.residual.uncertainty for record in records])).float(),
        tuple(torch.from_numpy(record.residual.modes) for record in records),
        torch.from_numpy(np.stack([record.covariance for record in records])).float(),
        torch.tensor([high_level(record) for record in records]),
        torch.tensor([(record.neighbour_fit.gain, record.neighbour_fit.error_ratio) for record in records]),
        torch.from_numpy(season).float(),
        torch.tensor([record.station for record in records]),
        neighbours,
        torch.from_numpy(np.argwhere(has_target & fits & issued)),
    )


def draw_outages(size: int, share: float, rng: np.random.Generator) -> Tensor:
    """(B, 72) readings lost in pieces of six hours, on average a share of them."""
    pieces = rng.random((size, CONTEXT_HOURS // 6)) < share
    return torch.from_numpy(np.repeat(pieces, 6, axis=1))
