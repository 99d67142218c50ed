"""A gauge's next two days from whatever speaks: its own broken record, its neighbours, the tide and the season."""

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from strandline.errors import InputError
from strandline.models.layers import masked_mean, sinusoidal

CONTEXT_HOURS, LAST_LEAD = 72, 48
"""Hours before an issue that are looked at, the issue's own the last; and the furthest lead [h]."""
HOURS = range(1 - CONTEXT_HOURS, LAST_LEAD + 1)
"""About an issue: 72 of context, 48 ahead."""
LEVELS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
"""Of the quantiles that a forecast gives."""
FLOOR = 0.03
"""Spread [m] below which a record counts as silent weather."""


@dataclass(frozen=True, eq=False)
class GaugeWindows:
    """B issues at one gauge or many: what was known at the hour of each.

    Residuals are level − tide − mean sea level [m]. Whatever was not seen is 0 and says so in its mask.

    Attributes:
        own, own_seen: (B, 72) residuals of the gauge itself up to the hour of issue.
        tide: (B, 120) predicted tide [m] about mean sea level at the same hours and the 48 that follow.
        season: (B, 2) cosine and sine of the day of the year.
        around, around_spread: (B, 120) what the neighbours say of the residual here, from what they had measured by
            then, and how far off that may be [m] (`travelling_waves`).
        around_seen: (B,) whether any neighbour was heard.
    """

    own: Tensor
    own_seen: Tensor
    tide: Tensor
    season: Tensor
    around: Tensor
    around_spread: Tensor
    around_seen: Tensor

    def __post_init__(self) -> None:
        size = self.own.shape[0]
        shapes = {
            "own": (size, CONTEXT_HOURS),
            "own_seen": (size, CONTEXT_HOURS),
            "tide": (size, len(HOURS)),
            "season": (size, 2),
            "around": (size, len(HOURS)),
            "around_spread": (size, len(HOURS)),
            "around_seen": (size,),
        }
        for name, shape in shapes.items():
            given = tuple(getattr(self, name).shape)
            if given != shape:
                raise InputError(f"gauge windows' {name}", f"have shape {given}", f"give {shape}")

    def __len__(self) -> int:
        return self.own.shape[0]

    def __getitem__(self, index: Tensor | slice) -> Self:
        return replace(self, **{field.name: getattr(self, field.name)[index] for field in fields(self)})

    def without_own(self, hidden: Tensor) -> Self:
        """The same with readings (B, 72) of the gauge itself hidden."""
        seen = self.own_seen & ~hidden
        return replace(self, own=torch.where(seen, self.own, 0.0), own_seen=seen)

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
    """Encoders of what is seen, joined by a masked mean, and a decoder over the hours of the leads.

    The answer starts from what the neighbours say, and from how far the last own reading was from that, which fades
    with its age; all lengths are in units of how much the record has moved. So the network need neither learn to copy
    nor to scale, and a gauge of another coast is nothing new.

    Args:
        width: D of the joined state.
        streams: of ``own`` and ``neighbours``, those that the network looks at.
        depth: residual blocks on the state.
        hour_width: D of the features at each lead.
        dropout: share dropped, in training and in MC dropout.

    Raises:
        InputError: no stream, or one that is neither.
    """

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
        self.known = nn.Linear(len(HOURS) + leads + 2 + 4, width)
        if "own" in streams:
            self.own = nn.Linear(2 * CONTEXT_HOURS, width)
            self.direct = nn.Linear(CONTEXT_HOURS, leads, bias=False)
            nn.init.zeros_(self.direct.weight)
            self.fading = nn.Parameter(torch.zeros(leads))
        if "neighbours" in streams:
            self.neighbours = nn.Linear(2 * len(HOURS), width)
        self.blocks = nn.ModuleList(_Residual(width, dropout) for _ in range(depth))
        self.hours = nn.Linear(width, leads * hour_width)
        self.head = nn.Sequential(nn.GELU(), nn.Linear(hour_width, 2 * hour_width), nn.GELU())
        self.centre = nn.Linear(2 * hour_width, 1)
        self.steps = nn.Linear(2 * hour_width, len(LEVELS) - 1)

    def forward(self, windows: GaugeWindows) -> SurgeForecast:
        """Answer with whatever was seen; with nothing, from the tide and the season alone."""
        if "own" not in self.streams:
            windows = windows.without_own(torch.ones_like(windows.own_seen))
        if "neighbours" not in self.streams:
            windows = windows.without_neighbours(torch.ones_like(windows.around_seen))
        own = torch.where(windows.own_seen, windows.own - windows.around[:, :CONTEXT_HOURS], 0.0)
        last, age = last_reading(own, windows.own_seen)  # (B,) [m], [h]
        moved = torch.where(windows.own_seen, own - last[:, None], 0.0)
        squares = (own**2 + moved**2).sum(dim=1) + 12 * windows.around_spread.square().mean(dim=1)
        count = 4 + windows.own_seen.sum(dim=1) + 12 * windows.around_seen
        unit = torch.sqrt(squares / count + FLOOR**2)[:, None]  # (B, 1) [m]
        swing = windows.tide[:, :CONTEXT_HOURS].std(dim=1, keepdim=True) + 0.1  # [m]
        known = [
            windows.tide / swing,
            windows.tide[:, CONTEXT_HOURS - 1 :] / (10 * unit),
            windows.season,
            torch.log(unit) + 2,
            torch.log(swing),
            last[:, None] / unit,
            age[:, None] / 24,
        ]
        state = self.known(torch.cat(known, dim=1))
        said, there = [], []
        if "own" in self.streams:
            said.append(self.own(torch.cat([moved / unit, windows.own_seen.to(moved.dtype)], dim=1)))
            there.append(windows.own_seen.any(dim=1, keepdim=True).to(moved.dtype))
        if "neighbours" in self.streams:
            said.append(self.neighbours(torch.cat([windows.around, windows.around_spread], dim=1) / unit))
            there.append(windows.around_seen[:, None].to(moved.dtype))
        state = state + masked_mean(said, there)
        for block in self.blocks:
            state = block(state)
        lead = torch.arange(LAST_LEAD + 1, device=state.device, dtype=state.dtype)
        hours = self.hours(state).reshape(len(windows), LAST_LEAD + 1, self.hour_width)
        hours = hours + sinusoidal(lead, self.hour_width, 100.0)  # (B, 49, D)
        read = self.head(hours)
        centre = windows.around[:, CONTEXT_HOURS - 1 :] + 0.3 * unit * self.centre(read)[..., 0]
        if "own" in self.streams:
            kept = torch.exp(-(age[:, None] + lead) / LAST_LEAD * torch.exp(self.fading))
            centre = centre + last[:, None] * kept + unit * self.direct(moved / unit)
        steps = 0.1 * unit[..., None] * F.softplus(self.steps(read)) + 1e-3  # (B, 49, 8) [m]
        return SurgeForecast(_quantiles(centre, steps), hours)


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
