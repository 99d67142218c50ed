"""What is done to a batch of scenes before each step of training, so that few events teach more."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from strandline.distillation.pretraining.scenes.samples import GUIDE, Samples, Streams
from strandline.models.flood.scenes.streams import RADAR_STREAMS, SHOWS_WATER, SPARSE
from strandline.models.inference import DihedralTransform
from strandline.models.layers import PATCH

INSTRUMENTS: Mapping[str, Sequence[str]] = {
    "radar": RADAR_STREAMS,
    "radar_before": ("vv_before", "vh_before", "level_before", "vv_change", "vh_change"),
    "vh": ("vh_before", "vh_after", "vh_change"),
    "level": ("level_before", "level_after"),
    "optical_before": ("optical_before", "optical_change"),
    "optical_after": ("optical_after", "optical_change"),
    "points": ("points",),
}
"""What is lost together: name → streams. A sample keeps at least one of ``SHOWS_WATER``."""


@dataclass(frozen=True)
class Augmentation:
    """How strongly a batch is changed.

    Attributes:
        jitter: standard deviation of gain and offset per channel and scene [-].
        dropout_rate: share of instruments hidden.
        cut_mix: share of scenes that get a rectangle of another one.
        zoom: share of batches enlarged from a part, as of smaller cells.
        piece: share of batches cut to smaller tiles.

    Source: CutMix, Yun et al. (2019); modality dropout, Neverova et al. (2016).
    """

    jitter: float = 0.15
    dropout_rate: float = 0.1
    cut_mix: float = 0.3
    zoom: float = 0.15
    piece: float = 0.75

    def apply(self, batch: Samples, generator: torch.Generator) -> Samples:
        """A changed batch in single precision."""
        batch = replace(
            batch,
            streams={name: (value.float(), seen) for name, (value, seen) in batch.streams.items()},
            target=batch.target.float(),
        )
        chance = float(torch.rand(1, generator=generator))
        if chance < self.zoom:
            batch = _zoomed(batch, generator)
        elif chance < self.zoom + self.piece:
            batch = _cut(batch, generator)
        batch = _turned(batch, generator)
        batch = _cut_mixed(batch, self.cut_mix, generator)
        streams = _hidden(batch.streams, self.dropout_rate, generator)
        return replace(batch, streams=_jittered(streams, self.jitter, generator))


def _on_grids(batch: Samples, change: Callable[[Tensor], Tensor]) -> Samples:
    """The batch with every map changed; ``change`` takes and gives (N, …, H, W) of any type."""
    streams = {name: (change(value), change(seen)) for name, (value, seen) in batch.streams.items()}
    return replace(batch, streams=streams, target=change(batch.target), known=change(batch.known))


def _integer(low: int, high: int, generator: torch.Generator) -> int:
    """From ``low`` to ``high``, both included."""
    return int(torch.randint(low, high + 1, (1,), generator=generator))


def _window(batch: Samples, size: int, generator: torch.Generator) -> Samples:
    """The same random window of all scenes."""
    side = batch.target.shape[-1]
    row, column = (_integer(0, side - size, generator) for _ in range(2))
    return _on_grids(batch, lambda grid: grid[..., row : row + size, column : column + size])


def _cut(batch: Samples, generator: torch.Generator) -> Samples:
    side = batch.target.shape[-1]
    return _window(batch, _integer(side // 2 // PATCH, 3 * side // 4 // PATCH, generator) * PATCH, generator)


def _zoomed(batch: Samples, generator: torch.Generator) -> Samples:
    """A part, enlarged to the size of the whole; nothing unseen enters what was seen, and points stay what they are."""
    side = batch.target.shape[-1]
    part = _window(batch, _integer(9 * side // 16, side - 1, generator), generator)

    def repeat(grid: Tensor) -> Tensor:
        grid_4d = grid if grid.dim() == 4 else grid[:, None]
        large = F.interpolate(grid_4d.float(), size=(side, side), mode="nearest")
        return (large if grid.dim() == 4 else large[:, 0]).to(grid.dtype)

    def smooth(value: Tensor, seen: Tensor) -> Tensor:
        total, share = (
            F.interpolate(one, size=(side, side), mode="bilinear", align_corners=False)
            for one in (value * seen[:, None], seen[:, None].float())
        )
        return total / share.clamp(min=1e-6) * repeat(seen)[:, None]

    streams = {
        name: (repeat(value) if name in SPARSE else smooth(value, seen), repeat(seen))
        for name, (value, seen) in part.streams.items()
    }
    return replace(part, streams=streams, target=repeat(part.target), known=repeat(part.known))


def _turned(batch: Samples, generator: torch.Generator) -> Samples:
    """Each scene under its own symmetry of the square."""
    turns = [DihedralTransform.draw(generator) for _ in range(len(batch))]
    return _on_grids(batch, lambda grid: torch.stack([turn.grid(one) for turn, one in zip(turns, grid, strict=True)]))


def _cut_mixed(batch: Samples, share: float, generator: torch.Generator) -> Samples:
    """Some scenes with a rectangle of another scene."""
    size, side = len(batch), batch.target.shape[-1]
    others = torch.randperm(size, generator=generator)
    inside = torch.zeros(size, side, side, dtype=torch.bool)
    for one in range(size):
        if float(torch.rand(1, generator=generator)) < share:
            high, wide = (_integer(side // 4, 3 * side // 4, generator) for _ in range(2))
            row, column = _integer(0, side - high, generator), _integer(0, side - wide, generator)
            inside[one, row : row + high, column : column + wide] = True
    return _on_grids(
        batch, lambda grid: torch.where(inside if grid.dim() == 3 else inside[:, None], grid[others], grid)
    )


def _hidden(streams: Streams, share: float, generator: torch.Generator) -> Streams:
    """Hide each instrument of each scene with probability ``share``; one stream of the moment stays."""
    size = len(next(iter(streams.values()))[1])
    lost = {name: torch.zeros(size, dtype=torch.bool) for name in streams}
    for of_instrument in INSTRUMENTS.values():
        hidden = torch.rand(size, generator=generator) < share
        for name in of_instrument:
            if name in lost:
                lost[name] |= hidden
    there = {name: seen.flatten(1).any(1) for name, (_, seen) in streams.items() if name in SHOWS_WATER}
    left = torch.stack([of_stream & ~lost[name] for name, of_stream in there.items()]).any(0)
    found = {}
    for name, (value, seen) in streams.items():
        kept = (~lost[name] | ~left)[:, None, None]
        found[name] = (value * kept[:, None], seen & kept)
    return found


def _jittered(streams: Streams, spread: float, generator: torch.Generator) -> Streams:
    """Random gain and offset per channel, as of another sensor or season; points are unchanged."""
    changed = {}
    for name, (value, seen) in streams.items():
        if name != "points" and not name.startswith(GUIDE):
            gain, offset = spread * torch.randn(2, *value.shape[:2], 1, 1, generator=generator)
            value = (value * (1 + gain) + offset) * seen[:, None]
        changed[name] = (value, seen)
    return changed
