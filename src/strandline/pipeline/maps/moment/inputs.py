"""What a map of one moment is made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.checks.times import latest_time
from strandline.observations.flood_scenes.images.given_images import optical_image, radar_image
from strandline.observations.flood_scenes.images.image import Image, ImageLayer, as_text
from strandline.observations.flood_scenes.images.known_cells import read_known_cells
from strandline.observations.flood_scenes.images.named_images import (
    OLDEST,
    images_of_moment,
    newest_scene,
)
from strandline.observations.flood_scenes.images.raster_grid import grid_of_raster
from strandline.observations.readers.flood_surveys import label_of_surveys, read_flood_surveys
from strandline.observations.readers.flood_surveys.flood_surveys import AROUND
from strandline.observations.readers.formats.rasters import refuse_without_overlap
from strandline.observations.region import Region
from strandline.observations.region_file import RegionFile
from strandline.observations.region_file.values import as_datetime64
from strandline.pipeline.maps.moment.ground import GivenGround, Ground, NamedGround

Labels = npt.NDArray[np.int8]
LATEST: Literal["latest"] = "latest"
Moment = np.datetime64 | Literal["latest"] | None
"""UTC; that of the newest image of a region file; ``None`` = that of the newest file given."""


@dataclass(frozen=True)
class SceneFiles:
    """Files that the user names for one moment.

    Attributes:
        radar_after, radar_before, optical_after, optical_before: images.
        optical_bands: numbers of green, near and shortwave infrared, from 1; empty = they are found.
        terrain: elevation [m]; ``terrain_error``: its standard deviation [m], ``None`` = not stated.
        points: what people saw, an input of the map; ``labels``: what it adapts to.
    """

    radar_after: Path | None = None
    radar_before: Path | None = None
    optical_after: Path | None = None
    optical_before: Path | None = None
    optical_bands: tuple[int, ...] = ()
    terrain: Path | None = None
    terrain_error: float | None = None
    points: Path | None = None
    labels: Path | None = None

    @property
    def rasters(self) -> tuple[Path, ...]:
        """Those that can give the grid, the best first."""
        named = (self.radar_after, self.optical_after, self.radar_before, self.optical_before, self.terrain)
        return tuple(path for path in named if path is not None)

    @property
    def any(self) -> bool:
        """Whether a file is named."""
        return bool(self.rasters) or self.points is not None or self.labels is not None

    def images(self) -> list[Image]:
        """The images, opened.

        Raises:
            InputError: one cannot be used, or there is one of before alone.
        """
        for kind in ("radar", "optical"):
            before = getattr(self, f"{kind}_before")
            if before is not None and getattr(self, f"{kind}_after") is None:
                what = "is an image of before the flood, and none of the flood itself is given"
                raise InputError(before, what, f"give --{kind}-after")
        radar: dict[ImageLayer, Path | None] = {"radar_after": self.radar_after, "radar_before": self.radar_before}
        optical: dict[ImageLayer, Path | None] = {
            "optical_after": self.optical_after,
            "optical_before": self.optical_before,
        }
        return [
            *(radar_image(path, layer) for layer, path in radar.items() if path is not None),
            *(optical_image(path, layer, self.optical_bands) for layer, path in optical.items() if path is not None),
        ]


@dataclass(frozen=True, eq=False)
class MomentInputs:
    """Everything that shows one moment of one region.

    Attributes:
        time: UTC; ``None`` = neither stated nor known from an image.
        ground: ``None`` = not given: no depth, and no permanent water.
        points, labels: (H, W) ``WET``, ``DRY`` or ``UNKNOWN``; ``None`` = none. ``labels_from``: their source.
        notes: what was assumed, as sentences.
    """

    region: Region
    time: np.datetime64 | None
    images: tuple[Image, ...]
    ground: Ground | None
    points: Labels | None
    labels: Labels | None
    labels_from: str
    notes: tuple[str, ...]

    @property
    def name(self) -> str:
        """Of the region and the moment, for titles."""
        return f"{self.region.name}, {as_text(self.time)}"


def collect_inputs(region_file: RegionFile | None, files: SceneFiles, at: Moment) -> MomentInputs:
    """What there is: files that the user names come before the sections of the region file.

    Args:
        at: the moment; ``None`` without a file = no image is used.

    Raises:
        InputError: a file cannot be used, the moment lies in the future, or there is nothing to map from.
    """
    stated = None if isinstance(at, str) else at
    if stated is not None and stated > latest_time():
        what = f"{as_text(stated)} lies in the future, of which there is no image"
        raise InputError("--at", what, "give a time that has passed; a forecast sea is given by --sea-level alone")
    given, notes = files.images(), list[str]()
    time = stated if stated is not None else _newest(given)
    if region_file is not None:
        region = region_file.region
        if at == LATEST and not given:
            time = newest_scene(region_file)
        named = [] if time is None else images_of_moment(region_file, time)
        kinds = {image.layer.split("_")[0] for image in given}
        images = [*given, *(image for image in named if image.layer.split("_")[0] not in kinds)]
    else:
        if not files.rasters:
            what = "is missing, and no raster gives a grid"
            raise InputError("REGION.toml", what, "name a region file, or an image: --radar-after FILE")
        grid = grid_of_raster(files.rasters[0])
        region, images = grid.region, given
        notes += [grid.note] if grid.note else []
    for image in images:
        refuse_without_overlap(image.path, region)
    _check_order(images, time)
    notes += [note for image in images for note in image.notes]
    labels, source = _labels(region_file, region, files, time)
    return MomentInputs(
        region, time, tuple(images), _ground(region_file, region, files),
        None if files.points is None else read_known_cells(files.points, region), labels, source, tuple(notes),
    )  # fmt: skip


def _newest(images: Sequence[Image]) -> np.datetime64 | None:
    return max(
        (image.time for image in images if image.layer.endswith("after") and image.time is not None), default=None
    )


def _check_order(images: Sequence[Image], time: np.datetime64 | None) -> None:
    """Refuse images that cannot be of before, or of the moment."""
    for image in images:
        if image.time is None:
            continue
        if image.layer.endswith("after") and time is not None and image.time > time:
            what = f"was taken at {as_text(image.time)}, after the moment {as_text(time)}"
            raise InputError(image.path, what, "give a later --at, or an earlier image")
        if image.layer.endswith("after") and time is not None and time - image.time > OLDEST:
            what = f"was taken at {as_text(image.time)}, more than 12 days before {as_text(time)}"
            raise InputError(image.path, what, "give a newer image, or leave --at out to map its own moment")
        twin = next((one for one in images if one.layer == image.layer.replace("before", "after")), None)
        if image.layer.endswith("before") and twin is not None and twin.time is not None and image.time >= twin.time:
            what = f"was taken at {as_text(image.time)}, not before {twin.path.name} at {as_text(twin.time)}"
            raise InputError(image.path, what, "swap the two images, or give an earlier one")


def _ground(region_file: RegionFile | None, region: Region, files: SceneFiles) -> Ground | None:
    if files.terrain is not None:
        return GivenGround(files.terrain, files.terrain_error)
    return None if region_file is None else NamedGround(region_file, region)


def _labels(
    region_file: RegionFile | None, region: Region, files: SceneFiles, time: np.datetime64 | None
) -> tuple[Labels | None, str]:
    """What people saw of this flood: a file's, else the surveys of the region file within three days."""
    if files.labels is not None:
        return read_known_cells(files.labels, region), files.labels.name
    if region_file is None or time is None:
        return None, ""
    near = [each for each in region_file.flood_survey if abs(as_datetime64(each.time) - time) <= AROUND]
    if not near:
        return None, ""
    surveys = read_flood_surveys(near, region, region_file.terrain).value
    label = label_of_surveys(surveys, time)
    return label, ", ".join(dict.fromkeys(each.path.name for each in near))
