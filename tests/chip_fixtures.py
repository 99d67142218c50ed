"""Synthetic chips for the tests of benchmarks: a lake, a flood, and a zip of them."""

import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
from benchmarks.floods.chips import LAYERS, Chips
from PIL import Image

SIDE = 64


def draw_chips(first: int, count: int, seed: int) -> Chips:
    """Synthetic chips: a lake that was always there, and a flood that darkens radar and near infrared."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    lake = np.broadcast_to(rows + columns < 20, (count, SIDE, SIDE))
    shore = rng.integers(SIDE // 3, SIDE, count)[:, None, None]
    mask = (columns[None] > shore) & ~lake
    noise = rng.integers(0, 20, (count, SIDE, SIDE))
    before = np.where(lake, 20, 120) + noise
    after = np.where(lake | mask, 20, 120) + noise

    def optical(water: np.ndarray) -> np.ndarray:
        bands = np.stack([np.where(water, 10, 120), np.where(water, 15, 150), np.where(water, 60, 90)], axis=-1)
        return (bands + noise[..., None] // 4).astype(np.uint8)

    return Chips(
        np.arange(first, first + count),
        before.astype(np.uint8),
        after.astype(np.uint8),
        optical(lake),
        optical(lake | mask),
        mask,
    )


def write_zip(path: Path, chips: list[Chips], leave_out: str = "") -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for part_ in chips:
            for index, number in enumerate(part_.ids):
                for layer in LAYERS:
                    name = f"{layer}/{number:04d}.png"
                    if name == leave_out:
                        continue
                    image = getattr(part_, layer)[index]
                    content = BytesIO()
                    Image.fromarray((image * 255).astype(np.uint8) if layer == "mask" else image).save(content, "png")
                    archive.writestr(name, content.getvalue())
