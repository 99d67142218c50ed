"""The images of a region file that show one moment, and those of the time before the flood."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from rasterio.enums import Resampling

from strandline.observations.arrays import SingleFloats
from strandline.observations.flood_scenes.images.given_images import LARGEST_PARTS, stack_bands
from strandline.observations.flood_scenes.images.image import Image, ImageLayer
from strandline.observations.flood_scenes.scene import OPTICAL_BANDS, RADAR_BANDS
from strandline.observations.readers.formats.rasters import cell_size_in, open_raster
from strandline.observations.readers.observe import provenance_of
from strandline.observations.readers.satellite import (
    clear_cells,
    read_optical_image,
    read_radar_image,
    read_sar_reference,
)
from strandline.observations.region import Region
from strandline.observations.region_file import RegionFile
from strandline.observations.region_file.data_sections import OpticalSection, SarSection, SceneSection
from strandline.observations.region_file.values import as_datetime64

OLDEST = np.timedelta64(12, "D")
"""Age above which an image shows the moment no more: one Sentinel-1 satellite repeats its track after 12 days."""


def images_of_moment(region_file: RegionFile, time: np.datetime64) -> list[Image]:
    """Images after and before, of radar and optical scenes; those that there are.

    An image of the moment is the newest at or before it, 12 days old at most. The image before is the radar reference,
    else the newest one that is more than 12 days older.
    """
    images = []
    if region_file.sar is not None:
        images += _radar_images(region_file, region_file.sar, time)
    if region_file.optical is not None:
        images += _optical_images(region_file, region_file.optical, time)
    return images


def newest_scene(region_file: RegionFile) -> np.datetime64 | None:
    """Time of the newest image of any kind; ``None`` = the region file names none."""
    sections = [section for section in (region_file.sar, region_file.optical) if section is not None]
    return max((as_datetime64(scene.time) for section in sections for scene in section.scenes), default=None)


def _radar_images(region_file: RegionFile, section: SarSection, time: np.datetime64) -> list[Image]:
    origin = provenance_of(region_file, "sar")

    def image(layer: ImageLayer, scene: SceneSection) -> Image:
        read = partial(_read_radar, section, scene.path)
        return Image(layer, scene.path, as_datetime64(scene.time), read, origin.source, origin.licence)

    after, before = _choose(section.scenes, time)
    images = [] if after is None else [image("radar_after", after)]
    if section.reference:
        read = partial(_read_reference, section)
        note = f"radar before: mean of {len(section.reference)} reference images"
        images.append(
            Image("radar_before", section.reference[0], None, read, origin.source, origin.licence, (note,))
        )  # fmt: skip
    elif before is not None:
        images.append(image("radar_before", before))
    return images if after is not None else []


def _optical_images(region_file: RegionFile, section: OpticalSection, time: np.datetime64) -> list[Image]:
    origin = provenance_of(region_file, "optical")

    def image(layer: ImageLayer, scene: SceneSection) -> Image:
        masked = scene.cloud_mask is not None or section.cloud_band is not None
        notes = () if masked else (f"{scene.path.name}: no cloud mask; clouds in it may count as land",)
        read = partial(_read_optical, section, scene)
        return Image(layer, scene.path, as_datetime64(scene.time), read, origin.source, origin.licence, notes)

    after, before = _choose(section.scenes, time)
    if after is None:
        return []
    return [image("optical_after", after), *([] if before is None else [image("optical_before", before)])]


def _choose(scenes: Sequence[SceneSection], time: np.datetime64) -> tuple[SceneSection | None, SceneSection | None]:
    """The scenes after and before a flood at ``time``."""
    age = {scene.path: time - as_datetime64(scene.time) for scene in scenes}
    none = np.timedelta64(0, "ns")
    recent = [scene for scene in scenes if none <= age[scene.path] <= OLDEST]
    older = [scene for scene in scenes if age[scene.path] > OLDEST]
    return (
        max(recent, key=lambda scene: scene.time, default=None),
        max(older, key=lambda scene: scene.time, default=None),
    )


def _read_radar(section: SarSection, path: Path, window: Region) -> SingleFloats:
    bands = section.bands.model_dump(exclude_none=True)
    return stack_bands(read_radar_image(path, bands, section.scale, section.nodata, window), RADAR_BANDS, window)


def _read_reference(section: SarSection, window: Region) -> SingleFloats:
    reference = read_sar_reference(section, window)
    layers = {} if reference is None else {str(name): reference[name].values for name in reference.data_vars}
    return stack_bands(layers, RADAR_BANDS, window)


def _read_optical(section: OpticalSection, scene: SceneSection, window: Region) -> SingleFloats:
    with open_raster(scene.path) as dataset:
        is_coarse = cell_size_in(dataset, window) >= LARGEST_PARTS * window.cell_size
    bands, rule = section.bands.model_dump(exclude_none=True), Resampling.nearest if is_coarse else None
    found = read_optical_image(scene.path, bands, section.reflectance_scale, section.nodata, window, rule)
    image = stack_bands(found, OPTICAL_BANDS, window)
    image[:, ~clear_cells(scene, section, window)] = np.nan
    return image
