"""Modality dropout on named streams of chips: whole and partial outages, alone and together."""

from collections.abc import Collection, Mapping, Sequence

import torch
from torch import Tensor

from strandline.distillation.modality_dropout import broadcast_samples, draw_outages
from strandline.errors import InputError

Streams = Mapping[str, tuple[Tensor, Tensor]]
"""Name → values (B, C, …) and where they were seen, (B, …) bool: (B, H, W) for a map, (B,) for a vector."""


def drop_streams(
    streams: Streams,
    share: float,
    generator: torch.Generator,
    *,
    instruments: Sequence[Collection[str]] = (),
    partial: float = 0.0,
    keep_one: bool = False,
) -> dict[str, tuple[Tensor, Tensor]]:
    """Hide each stream of each sample with probability ``share``, and a part of the remaining maps.

    Outages are correlated: half of them hide all streams of a sample at once, as a power cut does. Hidden values are 0
    and no longer seen. The given tensors are not changed.

    Args:
        streams: values (B, C, …) and their mask (B, …), by name.
        share: 0…1, of a stream's samples that lose it.
        generator: on the CPU; the tensors may be on another device.
        instruments: names of the streams of one instrument, which fail together; a stream of no instrument fails
            alone.
        partial: 0…1, share of the remaining maps (B, H, W) that lose a part: half of them everything on one side of a
            random straight line, half a rectangle of a quarter to three quarters of each side.
        keep_one: a sample without anything seen gets one of its instruments back. Outages are then rarer than
            ``share``.

    Raises:
        InputError: a share outside 0…1, a mask that is not boolean or does not fit its values, streams of different
            numbers of samples, or a stream that two instruments give.

    Source: modality dropout, Neverova et al. (2016), section 4; correlated and partial outages are ours.
    """
    size, of = _check_streams(streams, share, partial), _instrument_of(streams, instruments)
    _, lost = draw_outages(dict.fromkeys(of.values()), size, share, generator)
    left: dict[str, Tensor] = {}
    for name, (_, seen) in streams.items():
        left[name] = seen & ~broadcast_samples(lost[of[name]], seen)
        if partial > 0 and seen.dim() == 3:
            struck = torch.rand(size, generator=generator) < partial
            hole = _hole(size, (seen.shape[1], seen.shape[2]), generator) & struck[:, None, None]
            left[name] &= ~hole.to(seen.device)
    if keep_one:
        left = _restore_one(streams, left, of, generator)
    return {
        name: (torch.where(_beside(left[name], values), values, 0), left[name]) for name, (values, _) in streams.items()
    }


def _hole(size: int, shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    """(B, H, W) bool: one side of a straight line through a random cell, or a rectangle, with equal probability."""

    def uniform() -> Tensor:
        return torch.rand(size, 1, 1, generator=generator)

    row = (torch.arange(shape[0]) + 0.5)[None, :, None] / shape[0]
    column = (torch.arange(shape[1]) + 0.5)[None, None, :] / shape[1]
    angle = 2 * torch.pi * uniform()
    behind = (row - uniform()) * torch.sin(angle) + (column - uniform()) * torch.cos(angle) > 0
    height, width = 0.25 + 0.5 * uniform(), 0.25 + 0.5 * uniform()
    top, left = (1 - height) * uniform(), (1 - width) * uniform()
    inside = (row >= top) & (row < top + height) & (column >= left) & (column < left + width)
    return torch.where(uniform() < 0.5, behind, inside)


def _restore_one(
    streams: Streams, left: dict[str, Tensor], of: Mapping[str, str], generator: torch.Generator
) -> dict[str, Tensor]:
    """Where nothing is seen any more, one of the instruments that had data, with equal probability."""
    instruments = list(dict.fromkeys(of.values()))
    seen_of = {i: [_any_seen(seen) for name, (_, seen) in streams.items() if of[name] == i] for i in instruments}
    had = torch.stack([torch.stack(seen).any(dim=0) for seen in seen_of.values()])  # (instruments, B)
    has = torch.stack([_any_seen(seen) for seen in left.values()])
    chosen = (torch.rand(had.shape, generator=generator) * had).argmax(dim=0)
    empty = had.any(dim=0) & ~has.any(dim=0)
    given = {}
    for name, (_, seen) in streams.items():
        back = empty & (chosen == instruments.index(of[name]))
        given[name] = torch.where(broadcast_samples(back, seen), seen, left[name])
    return given


def _any_seen(seen: Tensor) -> Tensor:
    """(B, …) → (B,) on the CPU."""
    return seen.reshape(len(seen), -1).any(dim=1).cpu()


def _beside(seen: Tensor, values: Tensor) -> Tensor:
    """(B, …) → (B, 1, …), in the shape of values (B, C, …)."""
    return seen.unsqueeze(1).expand(values.shape)


def _instrument_of(streams: Streams, instruments: Sequence[Collection[str]]) -> dict[str, str]:
    """Stream → the first stream of its instrument, which stands for it."""
    named = [name for instrument in instruments for name in instrument]
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise InputError(f"stream '{twice[0]}'", "is given by two instruments", "name it once")
    shared = {name: next(iter(instrument)) for instrument in instruments for name in instrument}
    return {name: shared.get(name, name) for name in streams}


def _check_streams(streams: Streams, share: float, partial: float) -> int:
    """The number of samples; raises `InputError`."""
    for what, number in (("share", share), ("partial", partial)):
        if not 0 <= number <= 1:
            raise InputError(f"modality dropout's {what}", f"{number} is no share", "give 0 to 1")
    sizes = {name: values.shape[0] for name, (values, _) in streams.items()}
    if len(set(sizes.values())) != 1:
        raise InputError("streams", f"numbers of samples are {sizes or 'missing'}", "give all streams of one batch")
    for name, (values, seen) in streams.items():
        if seen.dtype != torch.bool or seen.shape != (values.shape[0], *values.shape[2:]):
            raise InputError(
                f"stream '{name}'",
                f"its mask is {tuple(seen.shape)} {seen.dtype}, its values are {tuple(values.shape)}",
                "give values (B, C, …) and a boolean mask (B, …)",
            )
    return next(iter(sizes.values()))
