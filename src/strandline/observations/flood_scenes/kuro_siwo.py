"""Reader of Kuro Siwo's labelled chips: one folder of GeoTIFFs a chip, ``…/ACTIVATION/AREA/CHIP/``.

``MS1_IVV_…``, ``MS1_IVH_…``: VV and VH of the flood; ``SL1_…``, ``SL2_…``: of two dates before it; ``MK0_MLU_…``: 0 no
water, 1 permanent water, 2 flood, 3 no data; ``MK0_MNA_…``: 1 = valid; ``MK0_DEM_…``: elevation (optional). Names end
in activation, area and date: ``MS1_IVV_130_01_20150226.tif``. Chips without ``MK0_MLU`` are not labelled.

Source: Bountos et al. (2024), Kuro Siwo, NeurIPS 37, 38105–38121, and its repository Orion-AI-Lab/KuroSiwo: names,
folders and nodata values of ``catalogue/catalogue.py`` and ``dataset/Dataset.py``. That backscatter is σ⁰ as a power,
not in dB, at 10 m of Mercator's projection (EPSG:3857), comes from the processing graph
``configs/grd_preprocessing.xml`` (``outputImageScaleInDb`` false; Lee's sigma filter) and agrees with the mean VV of
0.095 in ``configs/train``. The meaning of 1 and 2 is second-hand (GEO-Bench-2's loader and others' code). What the
elevation is above is not stated. No file of the data set was at hand: this reader is tested on written fixtures alone.
"""

import re
from pathlib import Path

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Mask, SingleFloats
from strandline.observations.flood_scenes.geotiff_layers import cell_size_of, read_bands, read_label
from strandline.observations.flood_scenes.scene import DRY, UNKNOWN, WET, FloodScene, LabelledScene
from strandline.observations.flood_scenes.scene_files import LabelledScenes, SceneFile

PERMANENT, FLOOD, NO_DATA = 1, 2, 3
_IMAGE = re.compile(r"(MS1|SL[12])_(IVV|IVH)_\w+_(\d{8})\.tif$")


def is_kuro_siwo(path: Path) -> bool:
    """Whether a folder holds labels in this layout."""
    return path.is_dir() and any(path.rglob("MK0_MLU_*.tif"))


def read_kuro_siwo(path: Path) -> LabelledScenes:
    """Scenes in the order of their folders; ``meaning`` is "water", and an activation is an event.

    The later of both images before the flood is given. The layer of permanent water is of the same delineation as the
    label: a score of all water must not let a mapper see it.

    Raises:
        InputError: a chip without an image of the flood. A file that cannot be read is refused when its scene is read.
    """

    def file_of(label: Path) -> SceneFile:
        event = label.stem.split("_")[2]
        images = _images(label.parent)
        if not {("MS1", "IVV"), ("MS1", "IVH")} & set(images):
            raise InputError(label.parent, "has a label but no MS1_IVV or MS1_IVH", "download the chip again")
        return SceneFile(label.parent.name, event, lambda: _read(label, event, images))

    return LabelledScenes([file_of(label) for label in sorted(path.rglob("MK0_MLU_*.tif"))])


def _images(folder: Path) -> dict[tuple[str, str], tuple[str, Path]]:
    """Image and polarisation → date and file."""
    found = {file: _IMAGE.match(file.name) for file in sorted(folder.glob("*.tif"))}
    return {(match[1], match[2]): (match[3], file) for file, match in found.items() if match is not None}


def _read(label: Path, event: str, images: dict[tuple[str, str], tuple[str, Path]]) -> LabelledScene:
    kind = read_label(label, (0, PERMANENT, FLOOD, NO_DATA))
    known = ~np.isnan(kind) & (kind != NO_DATA)
    valid = np.ones(kind.shape, dtype=bool)
    for file in label.parent.glob("MK0_MNA_*.tif"):
        valid = read_bands(file, [1])[0] == 1
    dates = {image: date for (image, _), (date, _) in images.items()}
    before = max((image for image in dates if image != "MS1"), key=lambda image: dates[image], default=None)
    elevation = next(iter(label.parent.glob("MK0_DEM_*.tif")), None)
    scene = FloodScene(
        cell_size_of(label),
        radar_before=None if before is None else _radar(before, images, valid),
        radar_after=_radar("MS1", images, valid),
        elevation=None if elevation is None else read_bands(elevation, [1])[0].astype(np.float32),
        permanent_water=np.where(known, kind == PERMANENT, np.nan).astype(np.float32),
    )
    wet = np.where(np.isin(kind, (PERMANENT, FLOOD)), WET, DRY)
    state = np.where(known & valid, wet, UNKNOWN).astype(np.int8)
    return LabelledScene(label.parent.name, event, scene, state, "water")


def _radar(image: str, images: dict[tuple[str, str], tuple[str, Path]], valid: Mask) -> SingleFloats:
    """(2, H, W) VV, VH [dB]; a polarisation without a file is unknown, and so is a power of 0, which means no data."""
    bands = []
    for polarisation in ("IVV", "IVH"):
        _, file = images.get((image, polarisation), ("", None))
        power = np.full(valid.shape, np.nan) if file is None else read_bands(file, [1])[0]
        if power.shape != valid.shape:
            raise InputError(file, f"has {power.shape} cells, its label {valid.shape}", "download the chip again")
        seen = valid & (power > 0)
        bands.append(np.where(seen, 10 * np.log10(np.where(seen, power, 1.0)), np.nan))
    return np.stack(bands).astype(np.float32)
