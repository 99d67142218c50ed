"""Reader of Sen1Floods11's hand-labelled chips: GeoTIFFs ``EVENT_CHIP_LAYER.tif`` anywhere under one folder.

``S1Hand``: VV, VH [dB] of Sentinel-1 ground-range detected, as Google Earth Engine gives them; ``LabelHand``: −1
unknown, 0 no water, 1 water, permanent too; ``S2Hand`` (optional): 13 bands of Sentinel-2 at the top of the
atmosphere, × 10 000. 10 m in EPSG:4326; one date a chip, hence no image before the flood.

Source: Bonafilia et al. (2020), Sen1Floods11, CVPR Workshops, 210–211, and the README of cloudtostreet/Sen1Floods11.
"""

from pathlib import Path

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import SingleFloats
from strandline.observations.flood_scenes.geotiff_layers import cell_size_of, read_bands, read_label
from strandline.observations.flood_scenes.scene import UNKNOWN, FloodScene, LabelledScene
from strandline.observations.flood_scenes.scene_files import LabelledScenes, SceneFile

_GREEN_NIR_SWIR = (3, 8, 12)
"""Bands of the 13 in the order B1 … B8, B8A, B9 … B12, from 1: B3, B8, B11."""


def is_sen1floods11(path: Path) -> bool:
    """Whether a folder holds labels in this layout."""
    return path.is_dir() and any(path.rglob("*_LabelHand.tif"))


def read_sen1floods11(path: Path) -> LabelledScenes:
    """Scenes in the order of their names; ``meaning`` is "water", the event is the first part of a chip's name.

    Raises:
        InputError: two files of one chip and layer, or a label without a radar image. A file that cannot be read is
            refused when its scene is read.
    """
    found: dict[str, dict[str, Path]] = {}
    for file in sorted(path.rglob("*Hand.tif")):
        name, _, layer = file.stem.rpartition("_")
        if layer in found.setdefault(name, {}):
            raise InputError(file, f"is a second {layer} of chip {name}", "give the folder of one version")
        found[name][layer] = file
    labelled = {name: layers for name, layers in sorted(found.items()) if "LabelHand" in layers}
    for name, layers in labelled.items():
        if "S1Hand" not in layers:
            raise InputError(layers["LabelHand"], f"has no {name}_S1Hand.tif", "download the radar images too")

    def file_of(name: str, layers: dict[str, Path]) -> SceneFile:
        event = name.partition("_")[0]
        return SceneFile(name, event, lambda: _read(name, event, layers))

    return LabelledScenes([file_of(name, layers) for name, layers in labelled.items()])


def _read(name: str, event: str, layers: dict[str, Path]) -> LabelledScene:
    radar = read_bands(layers["S1Hand"], (1, 2)).astype(np.float32)
    label = read_label(layers["LabelHand"], (-1, 0, 1))
    optical = _optical(layers["S2Hand"]) if "S2Hand" in layers else None
    if label.shape != radar.shape[1:] or (optical is not None and optical.shape[1:] != label.shape):
        raise InputError(layers["LabelHand"], f"has {label.shape} cells, unlike the images", "download the chip again")
    scene = FloodScene(cell_size_of(layers["S1Hand"]), radar_after=radar, optical_after=optical)
    return LabelledScene(name, event, scene, np.nan_to_num(label, nan=UNKNOWN).astype(np.int8), "water")


def _optical(path: Path) -> SingleFloats:
    """(3, H, W) reflectance."""
    bands = read_bands(path, _GREEN_NIR_SWIR)
    return np.where((bands == 0).all(axis=0), np.nan, bands / 1e4).astype(np.float32)
