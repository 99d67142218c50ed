"""The surge network: residual of the next two days from own readings, neighbours, tide and season."""

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from typing import Self

import torch
from torch import Tensor, nn

from strandline.errors import InputError
from strandline.models.layers import Correction, sinusoidal

CONTEXT_HOURS, LAST_LEAD = 72, 48
"""Hours of context up to and including the issue, and the longest lead [h]."""
HOURS = range(1 - CONTEXT_HOURS, LAST_LEAD + 1)
"""Hours relative to an issue: 72 of context, 48 ahead."""
LEVELS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
"""Levels of the forecast quantiles."""
INITIAL_CORRELATION = 1.4
"""Logit of the initial correlation 0.8 of the errors of own readings and neighbours."""
FLOOR = 0.03
"""Least spread of a gauge [m]."""


@dataclass(frozen=True, eq=False)
class GaugeWindows:
    """B issues at one or more gauges, with the data known at each.

    Residuals are level − tide − mean sea level [m].

    Attributes:
        own, own_seen: (B, 72) readings of the gauge up to the issue; 0 where missing.
        expected, expected_spread: (B, 120) residual at `HOURS` predicted from these readings, and its standard
            deviation [m] (`residual_process.predict_residual`).
        unit: (B,) standard deviation of the residual of the gauge [m].
        tide: (B, 120) predicted tide [m above mean sea level].
        high: (B,) level [m above mean sea level] that the gauge exceeds in 1 % of the hours.
        season: (B, 2) cosine and sine of the day of the year.
        neighbour_mean, neighbour_spread: (B, 120) residual predicted from neighbours, and its standard deviation [m]
            (`travelling_waves`); 0 without neighbours.
        neighbours_seen: (B,) whether a neighbour was available.
    """

    own: Tensor
    own_seen: Tensor
    expected: Tensor
    expected_spread: Tensor
    unit: Tensor
    tide: Tensor
    high: Tensor
    season: Tensor
    neighbour_mean: Tensor
    neighbour_spread: Tensor
    neighbours_seen: Tensor

    def __post_init__(self) -> None:
        size = self.own.shape[0]
        shapes: dict[str, tuple[int, ...]] = dict.fromkeys(("own", "own_seen"), (size, CONTEXT_HOURS))
        hourly = ("expected", "expected_spread", "tide", "neighbour_mean", "neighbour_spread")
        shapes |= dict.fromkeys(hourly, (size, len(HOURS)))
        shapes |= {"unit": (size,), "high": (size,), "season": (size, 2), "neighbours_seen": (size,)}
        for name, shape in shapes.items():
            given = tuple(getattr(self, name).shape)
            if given != shape:
                raise InputError(f"gauge windows' {name}", f"have shape {given}", f"give {shape}")

    def __len__(self) -> int:
        return self.own.shape[0]

    def __getitem__(self, index: Tensor | slice) -> Self:
        return replace(self, **{field.name: getattr(self, field.name)[index] for field in fields(self)})

    def without_neighbours(self, hidden: Tensor) -> Self:
        """The same windows, with the neighbours hidden in some samples (B,)."""
        seen = self.neighbours_seen & ~hidden
        neighbour_mean, spread = (
            torch.where(seen[:, None], value, 0.0) for value in (self.neighbour_mean, self.neighbour_spread)
        )
        return replace(self, neighbour_mean=neighbour_mean, neighbour_spread=spread, neighbours_seen=seen)


@dataclass(frozen=True, eq=False)
class SurgeForecast:
    """Residuals from the tide at each lead, 0 to 48 h.

    Attributes:
        quantiles: (B, 49, 9) at `LEVELS` [m], in increasing order.
        features: (B, 49, D) at the hour of each lead.
    """

    quantiles: Tensor
    features: Tensor

    @property
    def median(self) -> Tensor:
        """(B, 49) [m]."""
        return self.quantiles[..., LEVELS.index(0.5)]


class SurgeNetwork(nn.Module):
    """Correction of the predictions from own readings and neighbours, and quantiles of the residual.

    Without any reading its median is the tide alone. Own readings are encoded; neighbours only enter the weighted mean,
    since their encoding does not transfer between coasts. With initial weights it returns the prediction from own
    readings, from neighbours, or their best linear combination, with quantiles of a normal distribution. Lengths are
    scaled by the spread of the gauge, so that gauges are comparable.

    Args:
        width: D of the joined state.
        streams: ``own``, ``neighbours`` or both.
        depth: residual blocks on the state.
        hour_width: D of the features at each lead.
        dropout: probability, in training.

    Raises:
        InputError: no stream, or an unknown one.
    """

    normal_steps: Tensor

    def __init__(
        self,
        width: int = 192,
        streams: Collection[str] = ("own",),
        *,
        depth: int = 2,
        hour_width: int = 16,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        unknown = sorted(set(streams) - {"own", "neighbours"})
        if unknown or not streams:
            raise InputError("streams of a surge network", f"are {list(streams)}", "name own, neighbours or both")
        self.streams, self.hour_width, leads = tuple(streams), hour_width, LAST_LEAD + 1
        self.known = nn.Linear(len(HOURS) + leads + 2 + 2, width)
        self.encoder = nn.Linear(2 * len(HOURS), width)
        self.blocks = nn.ModuleList(_Residual(width, dropout) for _ in range(depth))
        self.hours = nn.Linear(width, leads * hour_width)
        self.head = nn.Sequential(nn.GELU(), nn.Linear(hour_width, 2 * hour_width), nn.GELU())
        self.correction = Correction(2 * hour_width, len(LEVELS) - 1)
        self.error_correlation = nn.Parameter(torch.full((leads,), INITIAL_CORRELATION))
        normal = torch.special.ndtri(torch.tensor(LEVELS, dtype=torch.float64)).float()
        self.register_buffer("normal_steps", normal.diff(), persistent=False)

    def forward(self, windows: GaugeWindows) -> SurgeForecast:
        """Forecast from the available streams; without any, the tide with bounds that depend on tide and season."""
        unit = windows.unit[:, None].clamp(min=FLOOR)  # (B, 1) [m]
        tide_range = windows.tide[:, :CONTEXT_HOURS].std(dim=1, keepdim=True) + 0.1  # [m]
        ahead = slice(CONTEXT_HOURS - 1, None)
        known = [
            windows.tide / tide_range,
            windows.tide[:, ahead] / (10 * unit),
            windows.season,
            torch.log(unit) + 2,
            torch.log(tide_range),
        ]
        state = self.known(torch.cat(known, dim=1))
        mean, spread, seen = self._main_stream(windows)
        state = state + seen * self.encoder(torch.cat([mean / unit, torch.log(spread / unit + 0.01)], dim=1))
        for block in self.blocks:
            state = block(state)
        lead = torch.arange(LAST_LEAD + 1, device=state.device, dtype=state.dtype)
        hours = self.hours(state).reshape(len(windows), LAST_LEAD + 1, self.hour_width)
        hours = hours + sinusoidal(lead, self.hour_width, 100.0)  # (B, 49, D)
        read = self.head(hours)
        mean, spread = windows.expected[:, ahead], windows.expected_spread[:, ahead]
        if "own" not in self.streams:
            mean, spread = torch.zeros_like(mean), unit.expand_as(mean)
        if "neighbours" in self.streams:
            mean, spread = self._combined(mean, spread, windows)
        corrected, widths = self.correction(read, mean, spread)
        centre = torch.where(seen > 0, corrected, mean)
        return SurgeForecast(_quantiles(centre, widths * self.normal_steps), hours)

    def _main_stream(self, windows: GaugeWindows) -> tuple[Tensor, Tensor, Tensor]:
        """Mean and spread (B, 120) [m] of the encoded stream, and whether it is available (B, 1)."""
        if "own" in self.streams:
            mean, spread, seen = windows.expected, windows.expected_spread, windows.own_seen.any(dim=1)
        else:
            mean, spread, seen = windows.neighbour_mean, windows.neighbour_spread, windows.neighbours_seen
        return mean, spread, seen[:, None].to(mean.dtype)

    def _combined(self, mean: Tensor, spread: Tensor, windows: GaugeWindows) -> tuple[Tensor, Tensor]:
        """Best linear unbiased combination of both, with the trained correlation of their errors.

        Without own readings, the prediction from neighbours, which is already shrunk towards zero.
        """
        ahead = slice(CONTEXT_HOURS - 1, None)
        other, other_spread = windows.neighbour_mean[:, ahead], windows.neighbour_spread[:, ahead].clamp(min=1e-3)
        both = torch.sigmoid(self.error_correlation) * spread * other_spread  # [m2]
        share = (spread.square() - both) / (spread.square() + other_spread.square() - 2 * both)
        share = torch.where(windows.own_seen.any(dim=1)[:, None], share.clamp(0.0, 1.0), 1.0)
        share = share * windows.neighbours_seen[:, None]
        kept = 1 - share
        variance = (kept * spread).square() + (share * other_spread).square() + 2 * share * kept * both
        return kept * mean + share * other, variance.sqrt()


class _Residual(nn.Module):
    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 2 * width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(2 * width, width),
        )

    def forward(self, state: Tensor) -> Tensor:
        """(B, D) → (B, D)."""
        update: Tensor = self.layers(state)
        return state + update


def last_reading(own: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
    """(B,) last reading [m] and its age [h] of (B, T) readings; 0 and T where there is none."""
    hours = own.shape[1]
    age = torch.where(seen.any(dim=1), seen.flip(1).to(torch.int64).argmax(dim=1), hours)
    reading = own.gather(1, (hours - 1 - age).clamp(min=0)[:, None])[:, 0] * seen.any(dim=1)
    return reading, age.to(own.dtype)


def _quantiles(centre: Tensor, steps: Tensor) -> Tensor:
    """Median (B, T) and positive steps between neighbouring levels (B, T, 8) → (B, T, 9) in order."""
    middle = LEVELS.index(0.5)
    below = -torch.flip(torch.cumsum(torch.flip(steps[..., :middle], [-1]), dim=-1), [-1])
    above = torch.cumsum(steps[..., middle:], dim=-1)
    return centre[..., None] + torch.cat([below, torch.zeros_like(centre[..., None]), above], dim=-1)
