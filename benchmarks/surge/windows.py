"""From records to what a network sees at the hour of an issue, and what came after."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self, TypeVar

import numpy as np
import torch
from scipy.optimize import brentq
from scipy.special import ndtr
from torch import Tensor

from benchmarks.surge.gauges import Gauges, Residual, places_about
from benchmarks.surge.surge_network import CONTEXT_HOURS, HOURS, LAST_LEAD, GaugeWindows
from benchmarks.surge.travelling_waves import fit_waves, interpolate, spreads_of
from strandline.observations.arrays import Floats, Mask
from strandline.observations.sea_level.residual_process import predict_residual

CHUNK = 1024
"""Windows at once: each is a matrix."""
STORM_DAY = 24 * 0.1**2
"""[m2 h]: what is known of the rise under a cyclone before any gauge speaks, as much as a day of 10 cm would tell."""
USUAL_DAYS = 15.0
"""Of readings that count as much as what is known of other gauges; an assumption."""


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

    What cyclones do to each gauge is left out of what travels, and what they do to the station is put in.
    With fewer than three gauges besides a station nobody can tell how a surge travels, and nobody is heard.
    """
    level = np.stack([one.level for one in residuals])
    lift = cyclones_rise(gauges, np.where(train, level, np.nan))
    if lift is not None:
        level = level - lift[:, :, CONTEXT_HOURS - 1]
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
            rise = np.zeros(1) if lift is None else lift[station] * said.heard[:, None]
            mean[station] = torch.from_numpy(said.mean + rise).float()
            spread[station] = torch.from_numpy(np.hypot(said.spread, rise)).float() * heard[:, None]
            seen[station] = heard
    return Around(mean, spread, seen)


def cyclones_rise(gauges: Gauges, level: Floats) -> Floats | None:
    """(S, T, 120) rise [m] under cyclones: that of their low pressure, times what the gauges (S, T) [m] had of it.

    A shelf under wind has more of it than low pressure alone gives: how much more, least squares tell, drawn to 1.
    """
    if gauges.lift is None:
        return None
    lift = gauges.lift.astype(float)
    now, seen = lift[:, :, CONTEXT_HOURS - 1], np.isfinite(level)
    had = float((now * np.where(seen, level, 0.0)).sum() + STORM_DAY) / float((now**2 * seen).sum() + STORM_DAY)
    return max(had, 0.0) * lift


@dataclass(frozen=True)
class Hearing:
    """How neighbours are to be understood at a gauge.

    Attributes:
        gain: of what they say now, in what is read [-].
        doubt: how far off they then are, in what they think that they are [-].
        readings: that this was learned from.
    """

    gain: float
    doubt: float
    readings: int


def hearing_of(around: Around, station: int, level: Floats) -> Hearing:
    """From residuals (T,) of a gauge [m]; NaN = not observed."""
    both = np.isfinite(level) & around.seen[station].numpy()
    said, spread = (one[station, both, CONTEXT_HOURS - 1].double().numpy() for one in (around.mean, around.spread))
    if said.size == 0 or not said.any():
        return Hearing(1.0, 1.0, 0)
    gain = float(np.clip((said * level[both]).sum() / (said**2).sum(), 0.0, 2.0))
    off = np.sqrt(np.mean((level[both] - gain * said) ** 2) / np.mean(spread**2))
    return Hearing(gain, float(off), int(both.sum()))


def understood(own: Hearing, others: Sequence[Hearing]) -> Hearing:
    """What few readings tell, drawn to what holds at other gauges as far as these readings are few."""
    heard = [one for one in others if one.readings]
    if not heard:
        return own
    days = own.readings / 24
    share = days / (days + USUAL_DAYS)
    gain = share * own.gain + (1 - share) * float(np.mean([one.gain for one in heard]))
    doubt = share * np.log(own.doubt) + (1 - share) * float(np.mean([np.log(one.doubt) for one in heard]))
    return Hearing(gain, float(np.exp(doubt)), own.readings)


@dataclass(frozen=True, eq=False)
class Answer:
    """What came after B issues.

    Attributes:
        level, seen, doubt: (B, 49) residual at each lead [m], whether anybody knows it, and how far off it may be [m].
    """

    level: Tensor
    seen: Tensor
    doubt: Tensor

    def __getitem__(self, index: Tensor) -> Self:
        return replace(self, level=self.level[index], seen=self.seen[index], doubt=self.doubt[index])


Batch = TypeVar("Batch", GaugeWindows, Answer)


@dataclass(frozen=True, eq=False)
class Record:
    """A gauge's residuals about some tide, as far as they may be looked at.

    Attributes:
        station: whose it is.
        residual: about the tide.
        readable: (T,) hours that may be looked at.
        weather: (168,) autocovariance of its weather [m2].
        hearing: how its neighbours are to be understood.
    """

    station: int
    residual: Residual
    readable: Mask
    weather: Floats
    hearing: Hearing


def high_level(record: Record, share: float = 0.01) -> float:
    """Level [m about mean sea level] that a share of all hours passes: the tide that is known, and normal weather."""
    tide = record.residual.tide
    spread = float(np.sqrt(record.weather[0] + np.mean((record.residual.modes**2).sum(axis=1))))

    def passed(level: float) -> float:
        return float(ndtr((tide - level) / spread).mean()) - share

    return float(brentq(passed, tide.min() - 9 * spread, tide.max() + 9 * spread))


@dataclass(frozen=True, eq=False)
class Past:
    """Records of one gauge, or of many, with the hours at which a forecast may be issued.

    Attributes:
        level, seen, tide: (R, T) residual [m], whether it may be looked at, and the tide [m].
        doubt: (R, T) how far off the residual may be [m]; 0 where it was read and not lent by a teacher.
        modes: of the error of each tide (T, M) [m].
        weather: (R, 168) autocovariances [m2].
        high: (R,) level [m about mean sea level] that each is thought to pass in one hour of a hundred.
        hearing: (R, 2) gain and doubt of the neighbours.
        season: (T, 2).
        station: (R,) whose record it is.
        around: what neighbours say of each station.
        issues: (N, 2) record and hour.
    """

    level: Tensor
    seen: Tensor
    tide: Tensor
    doubt: Tensor
    modes: tuple[Tensor, ...]
    weather: Tensor
    high: Tensor
    hearing: Tensor
    season: Tensor
    station: Tensor
    around: Around
    issues: Tensor

    def __len__(self) -> int:
        return len(self.issues)

    def windows(self, index: Tensor, hidden: Tensor) -> tuple[GaugeWindows, Answer]:
        """What is known at some issues when readings (B, 72) are hidden, and what came after."""
        parts = [self._windows(part, lost) for part, lost in zip(index.split(CHUNK), hidden.split(CHUNK), strict=True)]
        windows, answers = [window for window, _ in parts], [answer for _, answer in parts]
        return _joined(windows), _joined(answers)

    def _windows(self, index: Tensor, hidden: Tensor) -> tuple[GaugeWindows, Answer]:
        record, hour = self.issues[index].unbind(dim=1)
        hours = hour[:, None] + torch.arange(1 - CONTEXT_HOURS, LAST_LEAD + 1)  # (B, 120)
        level, seen = self.level[record[:, None], hours], self.seen[record[:, None], hours]
        own_seen = seen[:, :CONTEXT_HOURS] & ~hidden
        own = torch.where(own_seen, level[:, :CONTEXT_HOURS], 0.0)
        expected, spread, tidal = (torch.zeros(level.shape) for _ in range(3))
        for which in record.unique():
            these = record == which
            weather = self.weather[which].expand(int(these.sum()), -1)
            modes = self.modes[which][hours[these]]
            expected[these], spread[these] = predict_residual(own[these], own_seen[these], weather, modes)
            tidal[these] = modes.square().sum(dim=2)  # [m2]: of an error of this tide the neighbours know nothing
        station, around = self.station[record], self.around
        gain, doubt = self.hearing[record].unbind(dim=1)
        heard = around.seen[station, hour]
        around_spread = torch.sqrt((around.spread[station, hour] * doubt[:, None]).square() + tidal) * heard[:, None]
        windows = GaugeWindows(
            own,
            own_seen,
            expected,
            spread,
            self.weather[record, 0].sqrt(),
            self.tide[record[:, None], hours],
            self.high[record],
            self.season[hour],
            around.mean[station, hour] * gain[:, None],
            around_spread,
            heard,
        )
        ahead = hours[:, CONTEXT_HOURS - 1 :]
        known = seen[:, CONTEXT_HOURS - 1 :]
        return windows, Answer(level[:, CONTEXT_HOURS - 1 :], known, self.doubt[record[:, None], ahead])


def _joined(parts: Sequence[Batch]) -> Batch:
    names = [field.name for field in fields(parts[0])]
    return replace(parts[0], **{name: torch.cat([getattr(part, name) for part in parts]) for name in names})


def past_of(gauges: Gauges, records: Sequence[Record], issued: Mask, around: Around) -> Past:
    """Records as far as they are readable; issues are the hours with any reading in their leads.

    Args:
        gauges: all of them.
        records: of some.
        issued: (T,) hours at which forecasts are made.
        around: what neighbours say of each station.
    """
    level = np.stack([record.residual.level for record in records])
    seen = np.isfinite(level) & np.stack([record.readable for record in records])
    days = (gauges.time - gauges.time.astype("datetime64[Y]")) / np.timedelta64(1, "D")
    season = np.stack([np.cos(2 * np.pi * days / 365.25), np.sin(2 * np.pi * days / 365.25)], axis=1)
    sums = np.cumsum(np.pad(seen, ((0, 0), (1, LAST_LEAD + 1))), axis=1)
    answered = sums[:, LAST_LEAD + 1 :][:, : seen.shape[1]] > sums[:, : seen.shape[1]]
    fits = np.zeros(seen.shape[1], dtype=bool)
    fits[CONTEXT_HOURS - 1 : seen.shape[1] - LAST_LEAD] = True
    return Past(
        torch.from_numpy(np.where(seen, level, 0.0)).float(),
        torch.from_numpy(seen),
        torch.from_numpy(np.stack([record.residual.tide for record in records])).float(),
        torch.from_numpy(np.stack([record.residual.doubt for record in records])).float(),
        tuple(torch.from_numpy(record.residual.modes) for record in records),
        torch.from_numpy(np.stack([record.weather for record in records])).float(),
        torch.tensor([high_level(record) for record in records]),
        torch.tensor([(record.hearing.gain, record.hearing.doubt) for record in records]),
        torch.from_numpy(season).float(),
        torch.tensor([record.station for record in records]),
        around,
        torch.from_numpy(np.argwhere(answered & fits & issued)),
    )


def outages(size: int, share: float, rng: np.random.Generator) -> Tensor:
    """(B, 72) readings lost in pieces of six hours, so that about a share of them is."""
    pieces = rng.random((size, CONTEXT_HOURS // 6)) < share
    return torch.from_numpy(np.repeat(pieces, 6, axis=1))
