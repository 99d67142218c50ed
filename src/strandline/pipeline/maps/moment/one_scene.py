"""One scene through a mapper: the one way in which the command, its tiles and the watch map images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from strandline.errors import InputError
from strandline.models.flood.scenes.images.working_size import block_means, parts_of
from strandline.models.flood.scenes.scene_map import RegionalSceneMapper, SceneMap, SceneMapper
from strandline.observations.arrays import SingleFloats
from strandline.observations.flood_scenes.images.image import Image
from strandline.observations.flood_scenes.scene import FloodScene
from strandline.observations.readers.formats.rasters import cell_size_in, open_raster, refuse_without_overlap
from strandline.observations.region import Region
from strandline.pipeline.maps.moment.inputs import SceneFiles
from strandline.pipeline.maps.moment.scene_reader import AFTER, scene_before

MOST_PARTS = 2e6
"""Cells in which the images of a whole region are mapped at once, for a watch: some 40 s."""


def fit_to_region(mapper: SceneMapper, sample: FloodScene | None) -> SceneMapper:
    """The mapper with the statistics of a region, where it learns any."""
    return mapper.of_region(sample) if isinstance(mapper, RegionalSceneMapper) and sample is not None else mapper


def map_with_before(mapper: SceneMapper, scene: FloodScene, parts: int = 1) -> tuple[SceneMap, SingleFloats | None]:
    """The map of a scene, and (H, W) 1 = water before it, 0 = none, NaN = unknown; ``None`` = no image of before.

    Args:
        parts: along the edge of a cell of the map; the scene is that much finer.
    """
    calm, found = scene_before(scene), mapper.map(scene)
    before = None if calm is None else block_means(wet_of(mapper.map(calm)), parts)
    coarse = replace(
        found, probability=block_means(found.probability, parts), spread=block_means(found.spread, parts),
        inferred=None if found.inferred is None else block_means(found.inferred.astype(np.float32), parts) > 0.5,
    )  # fmt: skip
    return coarse, None if before is None else np.where(np.isnan(before), before, (before >= 0.5).astype(np.float32))


def parts_along_cells(region: Region, images: Sequence[Image]) -> int:
    """Parts along the edge of a region's cell in which its images are mapped: mappers know cells of 20 m."""
    sizes = []
    for image in images:
        with open_raster(image.path) as dataset:
            sizes.append(cell_size_in(dataset, region))
    return parts_of(region.cell_size, min(sizes)) if sizes else 1


def wet_of(found: SceneMap) -> SingleFloats:
    """(H, W) 1 = water, 0 = none, NaN = not shown."""
    wet = np.where(found.shown, found.probability >= found.threshold, np.nan)
    return np.asarray(wet, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class SceneLayers:
    """Images of one region, read and not yet mapped.

    Attributes:
        layers: of a ``FloodScene``, in parts of the region's cells.
        cell_size: [m] of a part; ``parts``: along the edge of a cell.
    """

    layers: Mapping[str, SingleFloats]
    cell_size: float
    parts: int


def read_layers(files: SceneFiles, region: Region) -> SceneLayers:
    """Read images of a whole region, in ``MOST_PARTS`` parts of its cells or fewer.

    Raises:
        InputError: an image cannot be used, or shows nothing of the region.
    """
    images = files.images()
    for image in images:
        refuse_without_overlap(image.path, region)
    most = int((MOST_PARTS / (region.shape[0] * region.shape[1])) ** 0.5)
    parts = max(1, min(parts_along_cells(region, images), most))
    fine = region.refined(parts)
    layers: dict[str, SingleFloats] = {image.layer: image.read(fine) for image in images}
    if not any(np.isfinite(layer).any() for name, layer in layers.items() if name in AFTER):
        names = ", ".join(image.path.name for image in images)
        raise InputError(names, "shows no cell of the region: all of it is cloud or nodata", "give another image")
    return SceneLayers(layers, fine.cell_size, parts)


def flooded_land(images: SceneLayers, mapper: SceneMapper) -> SingleFloats:
    """(H, W) flooded share of each cell; NaN = not seen, or water before the flood."""
    layers = images.layers
    scene = FloodScene(
        images.cell_size, radar_after=layers.get("radar_after"), radar_before=layers.get("radar_before"),
        optical_after=layers.get("optical_after"), optical_before=layers.get("optical_before"),
    )  # fmt: skip
    found, before = map_with_before(fit_to_region(mapper, scene), scene)
    wet = wet_of(found)
    return block_means(wet if before is None else np.where(before >= 0.5, np.float32(np.nan), wet), images.parts)
