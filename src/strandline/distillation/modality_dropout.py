"""Streams fail while the student learns, so that it knows how to go on: one sample at a time, and together."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from strandline.errors import InputError
from strandline.models.batch import Batch
from strandline.observations.sea_level.forecast_window import CONTEXT_HOURS

MODALITIES = ("radar", "optical", "in_situ", "climate")
Streams = Mapping[str, tuple[Tensor, Tensor]]
"""Name → values (B, C, …) and where they were seen, (B, …) bool: (B, H, W) for a map, (B,) for a vector."""


def drop_any(
    streams: Streams,
    share: float,
    generator: torch.Generator,
    *,
    instruments: Sequence[Collection[str]] = (),
    partial: float = 0.0,
    keep_one: bool = False,
) -> dict[str, tuple[Tensor, Tensor]]:
    """Hide each stream of each sample with probability ``share``, and cut holes into maps that are left.

    Outages come together: half of them strike all streams of a sample at once, as a power cut does. What is hidden is
    0 and no longer seen; what is seen is passed on as it was. The given tensors are not changed.

    Args:
        streams: values (B, C, …) and their mask (B, …), by name.
        share: 0…1, of a stream's samples that lose it.
        generator: on the processor; the tensors may lie elsewhere.
        instruments: names of streams that one instrument gives, so that all of them fail together; a stream that is
            named by none fails alone.
        partial: 0…1, share of maps (B, H, W) left that lose a part: half of them everything on one side of a random
            straight line, half a rectangle of a quarter to three quarters of each side.
        keep_one: a sample left without anything seen gets one of its instruments back, untouched. Outages are then
            rarer than ``share``.

    Raises:
        InputError: a share outside 0…1, a mask that is not boolean or does not fit its values, streams of different
            numbers of samples, or a stream that two instruments give.

    Source: modality dropout, Neverova et al. (2016), section 4; correlated and partial outages are ours.
    """
    size, of = _check_streams(streams, share, partial), _instrument_of(streams, instruments)
    _, lost = _outages(dict.fromkeys(of.values()), size, share, generator)
    left: dict[str, Tensor] = {}
    for name, (_, seen) in streams.items():
        left[name] = seen & ~_like(lost[of[name]], seen)
        if partial > 0 and seen.dim() == 3:
            struck = torch.rand(size, generator=generator) < partial
            hole = _hole(size, (seen.shape[1], seen.shape[2]), generator) & struck[:, None, None]
            left[name] &= ~hole.to(seen.device)
    if keep_one:
        left = _give_one_back(streams, left, of, generator)
    return {
        name: (torch.where(_beside(left[name], values), values, 0), left[name]) for name, (values, _) in streams.items()
    }


def modality_dropout(batch: Batch, share: float, generator: torch.Generator) -> Batch:
    """Hide each stream of each sample with probability ``share``, and cut holes into the gauges.

    Outages come together: half of them strike all streams of a sample at once, as a power cut does. A gauge loses its
    last 1–48 h, a random day, or everything.

    Source: modality dropout, Neverova et al. (2016), section 4; correlated outages are ours.
    """
    size, device = len(batch), batch.gauge.device

    def chance(probability: float) -> Tensor:
        return (torch.rand(size, generator=generator) < probability).to(device)

    there = [name for name in MODALITIES if getattr(batch, f"{name}_seen") is not None]
    together, lost = _outages(there, size, share, generator)
    changes: dict[str, Tensor] = {}
    for name in there:
        values, seen = getattr(batch, name), getattr(batch, f"{name}_seen")
        changes[f"{name}_seen"] = seen & ~_like(lost[name], seen)
        changes[name] = values * ~_like(lost[name], values)
    hours = torch.arange(CONTEXT_HOURS, device=device)
    alive = torch.ones(size, CONTEXT_HOURS, dtype=torch.bool, device=device)
    last = torch.randint(1, 49, (size,), generator=generator).to(device)
    alive &= ~(chance(share)[:, None] & (hours >= CONTEXT_HOURS - last[:, None]))
    first = torch.randint(0, CONTEXT_HOURS - 24, (size,), generator=generator).to(device)
    alive &= ~(chance(share)[:, None] & (hours >= first[:, None]) & (hours < first[:, None] + 24))
    alive &= ~(together.to(device) & chance(0.5))[:, None]
    changes["gauge_seen"] = batch.gauge_seen & alive[:, None]
    changes["gauge"] = batch.gauge * alive[:, None]
    return replace(batch, **changes)


def _outages(
    names: Iterable[str], size: int, share: float, generator: torch.Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """(B,) samples in which all streams are struck at once, and (B,) those that lose a stream, by name."""
    together = torch.rand(size, generator=generator) < share / 2
    alone = share / 2 / (1 - share / 2)  # one or the other strikes with probability share
    return together, {name: together | (torch.rand(size, generator=generator) < alone) for name in names}


def _hole(size: int, shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    """(B, H, W) bool: one side of a straight line through a random cell, or a rectangle, by the toss of a coin."""

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


def _give_one_back(
    streams: Streams, left: dict[str, Tensor], of: Mapping[str, str], generator: torch.Generator
) -> dict[str, Tensor]:
    """Where nothing is seen any more, one of the instruments that had something, each as likely as the next."""
    instruments = list(dict.fromkeys(of.values()))
    seen_of = {i: [_any_seen(seen) for name, (_, seen) in streams.items() if of[name] == i] for i in instruments}
    had = torch.stack([torch.stack(seen).any(dim=0) for seen in seen_of.values()])  # (instruments, B)
    has = torch.stack([_any_seen(seen) for seen in left.values()])
    chosen = (torch.rand(had.shape, generator=generator) * had).argmax(dim=0)
    empty = had.any(dim=0) & ~has.any(dim=0)
    given = {}
    for name, (_, seen) in streams.items():
        back = empty & (chosen == instruments.index(of[name]))
        given[name] = torch.where(_like(back, seen), seen, left[name])
    return given


def _any_seen(seen: Tensor) -> Tensor:
    """(B, …) → (B,) on the processor."""
    return seen.reshape(len(seen), -1).any(dim=1).cpu()


def _like(samples: Tensor, tensor: Tensor) -> Tensor:
    """(B,) → (B, 1, …), to meet ``tensor`` on its device."""
    return samples.to(tensor.device).reshape(-1, *[1] * (tensor.dim() - 1))


def _beside(seen: Tensor, values: Tensor) -> Tensor:
    """(B, …) → (B, 1, …), to meet values (B, C, …)."""
    return seen.unsqueeze(1).expand(values.shape)


def _instrument_of(streams: Streams, instruments: Sequence[Collection[str]]) -> dict[str, str]:
    """Stream → the first stream of its instrument, which speaks for it."""
    named = [name for instrument in instruments for name in instrument]
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise InputError(f"stream '{twice[0]}'", "is given by two instruments", "name it once")
    shared = {name: next(iter(instrument)) for instrument in instruments for name in instrument}
    return {name: shared.get(name, name) for name in streams}


def _check_streams(streams: Streams, share: float, partial: float) -> int:
    """The number of samples, or a refusal."""
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
