"""Scenes brought to the cell size that networks and trees were trained on, and their maps brought back."""

import warnings
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from strandline.observations.arrays import Reals, SingleFloats
from strandline.observations.flood_scenes.scene import UNKNOWN, WET, FloodScene

Value = TypeVar("Value", bound=np.generic)
WORKING_SIZE = 20.0
"""[m] Edge of a cell that networks and trees see. Finer images are averaged: less speckle, and the sizes they know."""


def factor_of(cell_size: float) -> int:
    """Cells along the edge of one working cell, at least 1; coarser scenes are mapped as they are."""
    return max(1, round(WORKING_SIZE / cell_size))


def parts_of(cell_size: float, image_size: float) -> int:
    """Parts along the edge of a cell in which images are mapped: working cells, or an image's where these are coarser.

    Args:
        cell_size, image_size: [m] of the cells that the map is wanted in, and of the finest image's.
    """
    return max(1, round(cell_size / max(WORKING_SIZE, image_size)))


def coarsened(scene: FloodScene, factor: int) -> FloodScene:
    """Means of blocks of cells that are known; the last block of a row or column may be smaller.

    Backscatter in dB is averaged as power.
    """
    if factor == 1:
        return scene
    layers: dict[str, Any] = {}
    for name, layer in scene.layers.items():
        is_db = name.startswith("radar") and scene.radar_unit == "dB"
        mean = block_means(10 ** (layer / 10) if is_db else layer, factor)
        layers[name] = (10 * np.log10(np.maximum(mean, 1e-10)) if is_db else mean).astype(np.float32)
    return replace(scene, cell_size=scene.cell_size * factor, **layers)


def refined(map_: SingleFloats, factor: int, shape: tuple[int, int]) -> SingleFloats:
    """A map of working cells (h, w) on the scene's own cells (H, W), bilinear; NaN where its working cell is NaN."""
    if factor == 1:
        return map_
    unknown = in_parts(np.isnan(map_), factor, shape)
    filled = torch.from_numpy(np.where(np.isnan(map_), 0.0, map_).astype(np.float32))[None, None]
    weight = torch.from_numpy((~np.isnan(map_)).astype(np.float32))[None, None]
    values, weights = (
        F.interpolate(one, scale_factor=factor, mode="bilinear", align_corners=False)[0, 0].numpy()
        for one in (filled, weight)
    )
    fine = (values / np.maximum(weights, 1e-6))[: shape[0], : shape[1]]
    return np.where(unknown, np.nan, fine).astype(np.float32)


def in_parts(map_: npt.NDArray[Value], factor: int, shape: tuple[int, int]) -> npt.NDArray[Value]:
    """A map of working cells (h, w) repeated over the scene's own cells (H, W)."""
    return map_.repeat(factor, axis=0).repeat(factor, axis=1)[: shape[0], : shape[1]]


def block_means(layer: Reals, factor: int) -> SingleFloats:
    """(…, H, W) → (…, h, w) means of the known cells of each block; NaN where none is known."""
    rows, columns = layer.shape[-2:]
    margins = [(0, 0)] * (layer.ndim - 2) + [(0, -rows % factor), (0, -columns % factor)]
    padded = np.pad(layer.astype(np.float32), margins, constant_values=np.nan)
    blocks = padded.reshape(*layer.shape[:-2], -(-rows // factor), factor, -(-columns // factor), factor)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a block without a known cell stays unknown
        return np.asarray(np.nanmean(blocks, axis=(-3, -1)), dtype=np.float32)


def coarse_label(label: npt.NDArray[np.int8], factor: int) -> npt.NDArray[np.int8]:
    """(H, W) label → the state of most of each working cell's labelled cells; ``UNKNOWN`` where none is."""
    if factor == 1:
        return label
    rows, columns = (-(-side // factor) for side in label.shape)
    padded = np.full((rows * factor, columns * factor), UNKNOWN, dtype=np.int8)
    padded[: label.shape[0], : label.shape[1]] = label
    blocks = padded.reshape(rows, factor, columns, factor)
    known, wet = (blocks != UNKNOWN).sum(axis=(1, 3)), (blocks == WET).sum(axis=(1, 3))
    return np.where(known == 0, UNKNOWN, 2 * wet >= known).astype(np.int8)
