"""A gauge's next two days from whatever speaks: its own broken record, its neighbours, the tide and the season."""

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from typing import Self

import torch
from torch import Tensor, nn

from strandline.errors import InputError
from strandline.models.layers import Correction, sinusoidal

CONTEXT_HOURS, LAST_LEAD = 72, 48
"""Hours before an issue that are looked at, the issue's own the last; and the furthest lead [h]."""
HOURS = range(1 - CONTEXT_HOURS, LAST_LEAD + 1)
"""About an issue: 72 of context, 48 ahead."""
LEVELS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
"""Of the quantiles that a forecast gives."""
ALIKE = 1.4
"""Logit of 0.8: how alike own and neighbours' errors are before learning. Neither knows the weather to come."""
FLOOR = 0.03
"""Spread [m] below which a record counts as silent weather."""


@dataclass(frozen=True, eq=False)
class GaugeWindows:
    """B issues at one gauge or many: what was known at the hour of each.

    Residuals are level − tide − mean sea level [m].

    Attributes:
        own, own_seen: (B, 72) readings of the gauge itself up to the hour of issue; 0 where there was none.
        expected, expected_spread: (B, 120) what these readings say of the residual at `HOURS`, and how far off that may
            be [m] (`gauge_process.predict_residual`).
        unit: (B,) standard deviation of the gauge's weather [m].
        tide: (B, 120) predicted tide [m] about mean sea level.
        high: (B,) level [m about mean sea level] that the gauge is thought to pass in one hour of a hundred.
        season: (B, 2) cosine and sine of the day of the year.
        around, around_spread: (B, 120) what the neighbours say of the residual here, from what they had measured by
            then, and how far off that may be [m] (`travelling_waves`); 0 where nobody was heard.
        around_seen: (B,) whether any neighbour was heard.
    """

    own: Tensor
    own_seen: Tensor
    expected: Tensor
    expected_spread: Tensor
    unit: Tensor
    tide: Tensor
    high: Tensor
    season: Tensor
    around: Tensor
    around_spread: Tensor
    around_seen: Tensor

    def __post_init__(self) -> None:
        size = self.own.shape[0]
        shapes: dict[str, tuple[int, ...]] = dict.fromkeys(("own", "own_seen"), (size, CONTEXT_HOURS))
        hourly = ("expected", "expected_spread", "tide", "around", "around_spread")
        shapes |= dict.fromkeys(hourly, (size, len(HOURS)))
        shapes |= {"unit": (size,), "high": (size,), "season": (size, 2), "around_seen": (size,)}
        for name, shape in shapes.items():
            given = tuple(getattr(self, name).shape)
            if given != shape:
                raise InputError(f"gauge windows' {name}", f"have shape {given}", f"give {shape}")

    def __len__(self) -> int:
        return self.own.shape[0]

    def __getitem__(self, index: Tensor | slice) -> Self:
        return replace(self, **{field.name: getattr(self, field.name)[index] for field in fields(self)})

    def without_neighbours(self, hidden: Tensor) -> Self:
        """The same with all that the neighbours say hidden from some samples (B,)."""
        seen = self.around_seen & ~hidden
        around, spread = (torch.where(seen[:, None], value, 0.0) for value in (self.around, self.around_spread))
        return replace(self, around=around, around_spread=spread, around_seen=seen)


@dataclass(frozen=True, eq=False)
class SurgeForecast:
    """Residuals about the tide at each lead, 0 to 48 h.

    Attributes:
        quantiles: (B, 49, 9) at `LEVELS` [m], never crossing.
        features: (B, 49, D) at the hour of each lead.
    """

    quantiles: Tensor
    features: Tensor

    @property
    def median(self) -> Tensor:
        """(B, 49) [m]."""
        return self.quantiles[..., LEVELS.index(0.5)]


class SurgeNetwork(nn.Module):
    """Corrects what own readings and neighbours foretell, decides between them, and says how sure it is.

    Where nothing is heard at all, its median is the tide alone. Own readings are looked at closely; beside them the
    neighbours are only weighed, for what they meant on other coasts does not carry over. Untaught, it answers as the
    readings foretell, or the neighbours, or the best mean of both, with the quantiles of a normal distribution;
    learning goes on from there. All lengths are in units of the gauge's weather, so that a gauge of another coast is
    nothing new.

    Args:
        width: D of the joined state.
        streams: of ``own`` and ``neighbours``, those that the network looks at.
        depth: residual blocks on the state.
        hour_width: D of the features at each lead.
        dropout: share dropped, in training and in MC dropout.

    Raises:
        InputError: no stream, or one that is neither.
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
        self.alike = nn.Parameter(torch.full((leads,), ALIKE))
        normal = torch.special.ndtri(torch.tensor(LEVELS, dtype=torch.float64)).float()
        self.register_buffer("normal_steps", normal.diff(), persistent=False)

    def forward(self, windows: GaugeWindows) -> SurgeForecast:
        """Answer with whatever was seen; with nothing, no surge, and bounds that tide and season may move."""
        unit = windows.unit[:, None].clamp(min=FLOOR)  # (B, 1) [m]
        swing = windows.tide[:, :CONTEXT_HOURS].std(dim=1, keepdim=True) + 0.1  # [m]
        ahead = slice(CONTEXT_HOURS - 1, None)
        known = [
            windows.tide / swing,
            windows.tide[:, ahead] / (10 * unit),
            windows.season,
            torch.log(unit) + 2,
            torch.log(swing),
        ]
        state = self.known(torch.cat(known, dim=1))
        mean, spread, seen = self._listened(windows)
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
            mean, spread = self._joined(mean, spread, windows)
        corrected, widths = self.correction(read, mean, spread)
        centre = torch.where(seen > 0, corrected, mean)
        return SurgeForecast(_quantiles(centre, widths * self.normal_steps), hours)

    def _listened(self, windows: GaugeWindows) -> tuple[Tensor, Tensor, Tensor]:
        """Mean and spread (B, 120) [m] of the stream that is looked at closely, and whether it was seen (B, 1)."""
        if "own" in self.streams:
            mean, spread, seen = windows.expected, windows.expected_spread, windows.own_seen.any(dim=1)
        else:
            mean, spread, seen = windows.around, windows.around_spread, windows.around_seen
        return mean, spread, seen[:, None].to(mean.dtype)

    def _joined(self, mean: Tensor, spread: Tensor, windows: GaugeWindows) -> tuple[Tensor, Tensor]:
        """Mean and spread of both: best linear, unbiased, where their errors are as alike as was learned.

        Where nothing was read here, the neighbours' word stands: it is already drawn to nothing as far as it doubts.
        """
        ahead = slice(CONTEXT_HOURS - 1, None)
        other, doubt = windows.around[:, ahead], windows.around_spread[:, ahead].clamp(min=1e-3)
        both = torch.sigmoid(self.alike) * spread * doubt  # [m2]
        share = (spread.square() - both) / (spread.square() + doubt.square() - 2 * both)
        share = torch.where(windows.own_seen.any(dim=1)[:, None], share.clamp(0.0, 1.0), 1.0)
        share = share * windows.around_seen[:, None]
        kept = 1 - share
        variance = (kept * spread).square() + (share * doubt).square() + 2 * share * kept * both
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
