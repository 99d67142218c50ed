"""Flood chips in a zip file or folder, and the events that they belong to."""

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from strandline.errors import InputError
from strandline.observations.arrays import Bytes, Mask

LAYERS = ("s1_before", "s1_after", "s2_before", "s2_after", "mask")
NO_RADAR = 255
"""Value of the radar images where the scene ends; optical images are 0 in every band there."""


@dataclass(frozen=True, eq=False)
class Chips:
    """N chips of H × W cells.

    Attributes:
        ids: (N,) chip numbers.
        s1_before, s1_after: (N, H, W) VV, scaled per chip; 255 = no data.
        s2_before, s2_after: (N, H, W, 3) shortwave infrared (B11), near infrared (B8), green (B3); all 0 = no data.
        mask: (N, H, W) flooded according to the delineation.
    """

    ids: npt.NDArray[np.int64]
    s1_before: Bytes
    s1_after: Bytes
    s2_before: Bytes
    s2_after: Bytes
    mask: Mask

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: npt.NDArray[np.int64] | npt.NDArray[np.bool_] | slice) -> "Chips":
        return Chips(self.ids[index], *(getattr(self, layer)[index] for layer in LAYERS))

    @property
    def valid(self) -> Mask:
        """(N, H, W) with data of every instrument, before and after."""
        radar = (self.s1_before != NO_RADAR) & (self.s1_after != NO_RADAR)
        optical = self.s2_before.any(axis=-1) & self.s2_after.any(axis=-1)
        return np.asarray(radar & optical)

    @property
    def permanent_water(self) -> Mask:
        """(N, H, W) water in both before-images.

        Brighter in green than in near and shortwave infrared (both water indices above 0, McFeeters 1996 and Xu 2006),
        and in the radar image darker than half of its chip's median.
        """
        bands = self.s2_before.astype(np.float32)
        wet = (bands[..., 2] > bands[..., 1]) & (bands[..., 2] > bands[..., 0]) & bands.any(axis=-1)
        dark = np.stack([ndimage.median_filter(chip, 3) < _dark(chip) for chip in self.s1_before])
        return np.asarray(wet & dark)


def _dark(chip: Bytes) -> float:
    """Half of the median of the chip; darker cells are smooth surfaces."""
    seen = chip[chip != NO_RADAR]
    return float(np.median(seen)) * 0.5 if seen.size else 0.0


@dataclass(frozen=True)
class Event:
    """Chips of one flood, ordered by their numbers."""

    name: str
    chips: Chips


def read_events(path: Path, blocks: Path) -> list[Event]:
    """Events of a zip file or folder; each block of chip numbers is one event.

    Raises:
        InputError: a layer that lacks a chip which another layer has, an image of another size, blocks that overlap or
            hold no chip.
    """
    names, read = _opened(path)
    ids = sorted(int(Path(name).stem) for name in names if Path(name).parent.name == "mask")
    events: list[Event] = []
    taken: set[int] = set()
    for first, last, *_ in json.loads(blocks.read_text()):
        chosen = [number for number in ids if first <= number <= last]
        if not chosen:
            raise InputError(blocks, f"block {first}–{last} holds no chip of {path.name}", "give ranges of ids")
        if taken & set(chosen):
            raise InputError(blocks, f"block {first}–{last} overlaps another", "a chip belongs to one event")
        taken |= set(chosen)
        images = {layer: np.stack([read(layer, number) for number in chosen]) for layer in LAYERS}
        mask = images.pop("mask") > 0
        events.append(Event(f"{first}-{last}", Chips(np.array(chosen), mask=mask, **images)))
    return events


def _opened(path: Path) -> tuple[Sequence[str], Callable[[str, int], Bytes]]:
    """File names, and a function that reads one layer of one chip."""
    if path.is_dir():
        names = [str(file.relative_to(path)) for file in sorted(path.rglob("*.png"))]

        def content(name: str) -> bytes:
            return (path / name).read_bytes()
    else:
        archive = zipfile.ZipFile(path)
        names, content = [name for name in archive.namelist() if name.endswith(".png")], archive.read
    members = {(Path(name).parent.name, int(Path(name).stem)): name for name in names}

    def read(layer: str, number: int) -> Bytes:
        name = members.get((layer, number))
        if name is None:
            raise InputError(path, f"has no {layer}/{number:04d}.png", f"every chip needs {', '.join(LAYERS)}")
        return np.asarray(Image.open(io.BytesIO(content(name))))

    return names, read


def concatenate_chips(chips: Sequence[Chips]) -> Chips:
    """All chips together."""
    return Chips(
        np.concatenate([part.ids for part in chips]),
        *(np.concatenate([getattr(part, layer) for part in chips]) for layer in LAYERS),
    )


def cut(event: Event, side: int) -> Event:
    """The same event with the middle ``side`` × ``side`` cells of its chips."""
    chips = event.chips
    first = (chips.mask.shape[-1] - side) // 2
    inside = (slice(None), slice(first, first + side), slice(first, first + side))
    return Event(event.name, Chips(chips.ids, *(getattr(chips, layer)[inside] for layer in LAYERS)))
