"""Reader of flood chips in OMBRIA's layout: images of 8 bits in a zip file or folder.

``s1_before/ID.png``, ``s1_after/ID.png``: VV, scaled chip by chip, 255 = no data; ``s2_before/ID.png``,
``s2_after/ID.png``: shortwave infrared (B11), near infrared (B8), green (B3), all 0 = no data; ``mask/ID.png``: not 0 =
flooded. Chips span 2560 m. A folder of images that is missing altogether was not observed.

Source: Drakonakis et al. (2022), OmbriaNet, IEEE JSTARS 15, 2341–2356, and the files themselves. Whether permanent
water counts as flooded differs between the events of that data set.
"""

import json
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import MemoryFile
from scipy import ndimage

from strandline.errors import InputError
from strandline.observations.arrays import Bytes, SingleFloats
from strandline.observations.flood_scenes.scene import FloodScene, LabelledScene
from strandline.observations.flood_scenes.scene_files import LabelledScenes, SceneFile
from strandline.observations.readers.formats.file_limits import check_file, read_limited

LAYERS = {"s1_before": 1, "s1_after": 1, "s2_before": 3, "s2_after": 3, "mask": 1}
"""Folders of images → bands."""
NO_RADAR = 255
_WIDTH = 2560.0
"""[m] Of a chip."""
_MEMBER = re.compile(r"(?:^|/)(s1_before|s1_after|s2_before|s2_after|mask)/0*(\d{1,9})\.png$", re.IGNORECASE)
_LARGEST_IMAGE, _LARGEST_BLOCKS = 64 << 20, 1 << 20
"""[bytes]"""

Contents = Callable[[list[str]], list[bytes]]
"""Of files, by their names."""


def is_ombria(path: Path) -> bool:
    """Whether a zip file or folder holds images in this layout."""
    if path.is_dir():
        return any(path.rglob("mask/*.png"))
    return path.is_file() and zipfile.is_zipfile(path)


def read_ombria(path: Path, blocks: Path | None) -> LabelledScenes:
    """Scenes in the order of their numbers; ``meaning`` is "flood".

    Args:
        blocks: JSON list of ``[first, last, …]`` numbers, one event each; chips outside are left out. Without it all
            chips are one event, since neighbours among them would else be split between training and test.

    Raises:
        InputError: a layer that lacks a chip which another has, or blocks that overlap or hold no chip. An image that
            cannot be read is refused when its scene is read.
    """
    names, contents = _opened(path)
    members = {(found[1].lower(), int(found[2])): name for name in names if (found := _MEMBER.search(name))}
    layers = [layer for layer in LAYERS if any(layer == other for other, _ in members)]
    numbers = sorted({number for layer, number in members if layer == "mask"})
    if not numbers or not {"s1_after", "s2_after"} & set(layers):
        raise InputError(path, "holds no mask/ID.png with s1_after/ID.png or s2_after/ID.png", "check the archive")
    for layer in layers:
        for number in numbers:
            if (layer, number) not in members:
                raise InputError(path, f"has no {layer}/{number:04d}.png", f"every chip needs {', '.join(layers)}")
    events = dict.fromkeys(numbers, path.stem) if blocks is None else _events(blocks, numbers, path)

    def file(number: int) -> SceneFile:
        event, files = events[number], {layer: members[layer, number] for layer in layers}
        return SceneFile(f"{number:04d}", event, lambda: _read(path, f"{number:04d}", event, files, contents))

    return LabelledScenes([file(number) for number in numbers if number in events])


def _opened(path: Path) -> tuple[list[str], Contents]:
    """Names of all files, and a function that reads some."""
    if path.is_dir():
        names = [file.relative_to(path).as_posix() for file in sorted(path.rglob("*.png"))]
        return names, lambda chosen: [read_limited(path / name, _LARGEST_IMAGE) for name in chosen]
    check_file(path)
    with _unzipped(path) as archive:
        sizes = {member.filename: member.file_size for member in archive.infolist()}

    def contents(chosen: list[str]) -> list[bytes]:
        for name in chosen:
            if sizes[name] > _LARGEST_IMAGE:
                raise InputError(f"{path}/{name}", "is larger than any chip", "check the archive")
        with _unzipped(path) as archive:
            return [archive.read(name) for name in chosen]

    return sorted(sizes), contents


@contextmanager
def _unzipped(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive, opened anew for each chip, so that processes that read at once do not share one position in it."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, NotImplementedError) as error:
        raise InputError(path, f"is not a readable zip file ({error})", "download it again") from error


def _events(blocks: Path, numbers: list[int], path: Path) -> dict[int, str]:
    """Number → event."""
    try:
        ranges = [(int(first), int(last)) for first, last, *_ in json.loads(read_limited(blocks, _LARGEST_BLOCKS))]
    except (ValueError, TypeError) as error:
        raise InputError(
            blocks, f"is no list of ranges ({error})", "write [[first, last], …] of chip numbers"
        ) from error
    events: dict[int, str] = {}
    for first, last in ranges:
        chosen = [number for number in numbers if first <= number <= last]
        if not chosen:
            raise InputError(blocks, f"block {first}–{last} holds no chip of {path.name}", "give ranges of ids")
        if events.keys() & set(chosen):
            raise InputError(blocks, f"block {first}–{last} overlaps another", "a chip belongs to one event")
        events |= dict.fromkeys(chosen, f"{first}-{last}")
    return events


def _read(path: Path, name: str, event: str, files: dict[str, str], contents: Contents) -> LabelledScene:
    read = zip(files.items(), contents(list(files.values())), strict=True)
    images = {layer: _image(path, member, content, LAYERS[layer]) for (layer, member), content in read}
    sizes = {image.shape[1:] for image in images.values()}
    if len(sizes) > 1:
        raise InputError(f"{path} chip {name}", f"has layers of the sizes {sorted(sizes)}", "give one size")
    radar = {time: _radar(images[f"s1_{time}"]) if f"s1_{time}" in images else None for time in ("before", "after")}
    optical = {time: _optical(images[f"s2_{time}"]) if f"s2_{time}" in images else None for time in ("before", "after")}
    scene = FloodScene(
        _WIDTH / sizes.pop()[1],
        radar["before"], radar["after"], "relative", optical["before"], optical["after"],
        permanent_water=permanent_water(radar["before"], optical["before"]),
    )  # fmt: skip
    return LabelledScene(name, event, scene, (images["mask"][0] > 0).astype(np.int8), "flood")


def _image(path: Path, member: str, content: bytes, bands: int) -> Bytes:
    """(bands, H, W)."""
    where = f"{path}/{member}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with MemoryFile(content) as file, file.open() as dataset:
                image = dataset.read()
    except RasterioError as error:
        raise InputError(where, f"is not a readable image ({error})", "download it again") from error
    if image.shape[0] != bands or image.dtype != np.uint8:
        raise InputError(where, f"has {image.shape[0]} bands of {image.dtype}", f"give {bands} of 8 bits")
    return np.asarray(image)


def _radar(image: Bytes) -> SingleFloats:
    """(2, H, W) VV from 0 to 1, VH unknown."""
    vv = np.where(image[0] == NO_RADAR, np.nan, image[0] / 255)
    return np.stack([vv, np.full(vv.shape, np.nan)]).astype(np.float32)


def _optical(image: Bytes) -> SingleFloats:
    """(3, H, W) green, near and shortwave infrared from 0 to 1."""
    return np.where(image.any(axis=0), image[::-1] / 255, np.nan).astype(np.float32)


def permanent_water(radar: SingleFloats | None, optical: SingleFloats | None) -> SingleFloats | None:
    """(H, W) 1 = water in both images before the flood, 0 = land, NaN = one of them is unknown.

    Brighter in green than in near and shortwave infrared (both water indices above 0: McFeeters 1996, Xu 2006), and in
    the radar image, smoothed over 3 × 3 cells, darker than half of its chip's median (an assumption).
    """
    if radar is None or optical is None:
        return None
    vv, known = radar[0], ~(np.isnan(radar[0]) | np.isnan(optical).any(axis=0))
    if not known.any():
        return np.full(vv.shape, np.nan, dtype=np.float32)
    smooth = ndimage.median_filter(np.where(np.isnan(vv), np.float32(1), vv), 3)
    wet = (optical[0] > optical[1]) & (optical[0] > optical[2]) & (smooth < 0.5 * np.nanmedian(vv))
    return np.where(known, wet, np.nan).astype(np.float32)
