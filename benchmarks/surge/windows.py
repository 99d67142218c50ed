"""From records to what a network sees at the hour of an issue, and what came after."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from benchmarks.surge.gauges import Gauges, Mask, Residual, places_about
from strandline.models.surge_network import CONTEXT_HOURS, FLOOR, HOURS, LAST_LEAD, GaugeWindows
from strandline.models.travelling_waves import fit_waves, interpolate, spreads_of


@dataclass(frozen=True, eq=False)
class Around:
    """What the neighbours say of each station, hour by hour, as known then.

    Attributes:
        mean, spread: (S, T, 120) [m] of the residual at `HOURS` about each issue; 0 where nobody was heard.
        seen: (S, T) whether anybody was.
    """

    mean: Tensor
    spread: Tensor
    seen: Tensor


def listen(gauges: Gauges, residuals: Sequence[Residual], train: Mask, target: int) -> Around:
    """To all gauges but the target: its record is not known, nor a station's own to itself.

    With fewer than three gauges besides a station nobody can tell how a surge travels, and nobody is heard.
    """
    level = np.stack([one.level for one in residuals])
    size = (len(level), level.shape[1], len(HOURS))
    mean, spread, seen = torch.zeros(size), torch.zeros(size), torch.zeros(size[:2], dtype=torch.bool)
    for station in range(len(level)):
        others = [other for other in range(len(level)) if other not in (station, target)]
        if len(others) >= 3:
            places = places_about(gauges, station)[others]
            past, here = np.where(train, level, np.nan)[others], np.zeros(2)
            waves = fit_waves(places, past, here)
            said = interpolate(waves, places, spreads_of(past), level[others], here, HOURS)
            heard = torch.from_numpy(said.heard)
            mean[station] = torch.from_numpy(said.mean).float()
            spread[station] = torch.from_numpy(said.spread).float() * heard[:, None]
            seen[station] = heard
    return Around(mean, spread, seen)


@dataclass(frozen=True, eq=False)
class Answer:
    """What came after B issues.

    Attributes:
        level, seen, doubt: (B, 49) residual at each lead [m], whether anybody knows it, and how far off it may be [m].
        unit: (B,) root mean square [m] of the record.
    """

    level: Tensor
    seen: Tensor
    doubt: Tensor
    unit: Tensor


@dataclass(frozen=True, eq=False)
class Past:
    """Records of one gauge, or of many, with the hours at which a forecast may be issued.

    Attributes:
        level, seen, tide: (R, T) residual [m], whether it may be looked at, and the tide [m].
        doubt: (R, T) how far off the residual may be [m]; 0 where it was read and not lent by a teacher.
        season: (T, 2).
        station: (R,) whose record it is.
        around: what neighbours say of each station.
        issues: (N, 2) record and hour.
    """

    level: Tensor
    seen: Tensor
    tide: Tensor
    doubt: Tensor
    season: Tensor
    station: Tensor
    around: Around
    issues: Tensor

    def __len__(self) -> int:
        return len(self.issues)

    @cached_property
    def spread(self) -> Tensor:
        """(R,) root mean square [m] of each record, as far as it may be looked at."""
        return torch.sqrt((self.level.square() * self.seen).sum(dim=1) / self.seen.sum(dim=1).clamp(min=1) + FLOOR**2)

    def windows(self, index: Tensor) -> tuple[GaugeWindows, Answer]:
        """What is known at some issues, and what came after."""
        record, hour = self.issues[index].unbind(dim=1)
        hours = hour[:, None] + torch.arange(1 - CONTEXT_HOURS, LAST_LEAD + 1)  # (B, 120)
        level, seen = self.level[record[:, None], hours], self.seen[record[:, None], hours]
        station, around = self.station[record], self.around
        windows = GaugeWindows(
            level[:, :CONTEXT_HOURS],
            seen[:, :CONTEXT_HOURS],
            self.tide[record[:, None], hours],
            self.season[hour],
            around.mean[station, hour],
            around.spread[station, hour],
            around.seen[station, hour],
        )
        ahead = hours[:, CONTEXT_HOURS - 1 :]
        doubt = self.doubt[record[:, None], ahead]
        return windows, Answer(level[:, CONTEXT_HOURS - 1 :], seen[:, CONTEXT_HOURS - 1 :], doubt, self.spread[record])


def past_of(
    gauges: Gauges, records: Sequence[tuple[int, Residual]], readable: Sequence[Mask], issued: Mask, around: Around
) -> Past:
    """Records (station, residual) as far as they are readable; issues are the hours with any reading in their leads.

    Args:
        gauges: all of them.
        records: of some; readable: (T,) of each.
        issued: (T,) hours at which forecasts are made.
        around: what neighbours say of each station.
    """
    level = np.stack([residual.level for _, residual in records])
    seen = np.isfinite(level) & np.stack(readable)
    days = (gauges.time - gauges.time.astype("datetime64[Y]")) / np.timedelta64(1, "D")
    season = np.stack([np.cos(2 * np.pi * days / 365.25), np.sin(2 * np.pi * days / 365.25)], axis=1)
    sums = np.cumsum(np.pad(seen, ((0, 0), (1, LAST_LEAD + 1))), axis=1)
    answered = sums[:, LAST_LEAD + 1 :][:, : seen.shape[1]] > sums[:, : seen.shape[1]]
    fits = np.zeros(seen.shape[1], dtype=bool)
    fits[CONTEXT_HOURS - 1 : seen.shape[1] - LAST_LEAD] = True
    return Past(
        torch.from_numpy(np.where(seen, level, 0.0)).float(),
        torch.from_numpy(seen),
        torch.from_numpy(np.stack([residual.tide for _, residual in records])).float(),
        torch.from_numpy(np.stack([residual.doubt for _, residual in records])).float(),
        torch.from_numpy(season).float(),
        torch.tensor([station for station, _ in records]),
        around,
        torch.from_numpy(np.argwhere(answered & fits & issued)),
    )


def outages(size: int, share: float, rng: np.random.Generator) -> Tensor:
    """(B, 72) readings lost in pieces of six hours, so that about a share of them is."""
    pieces = rng.random((size, CONTEXT_HOURS // 6)) < share
    return torch.from_numpy(np.repeat(pieces, 6, axis=1))
