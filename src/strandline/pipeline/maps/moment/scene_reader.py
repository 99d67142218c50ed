"""Windows of all inputs as flood scenes."""

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from strandline.models.flood.scenes.images.working_size import in_parts
from strandline.observations.arrays import Mask, SingleFloats
from strandline.observations.flood_scenes.scene import UNKNOWN, FloodScene, side_by_side
from strandline.pipeline.maps.moment.inputs import Labels, MomentInputs
from strandline.pipeline.maps.moment.layers import Layers
from strandline.pipeline.maps.moment.sea import SeaAtMoment
from strandline.pipeline.maps.tiles import Tile, Tiling, Window

Value = TypeVar("Value", np.int8, np.float32)
REACH, OVERLAP = 1024, 64
"""[cells of the images] Edge of a part that is mapped at once, and its overlap with the next."""
SAMPLES, SAMPLE_EDGE = 16, 256
"""Parts of a larger region whose images give the statistics for all of it; [cells of the images] edge of each."""
AFTER = ("radar_after", "optical_after", "points")


@dataclass(frozen=True, eq=False)
class SceneReader:
    """Reads what there is in a window.

    Attributes:
        layers: with the elevation, where it is known.
        water: (H, W) permanent water; ``None`` = not stated.
        sea: ``None`` = unknown.
        parts: along the edge of a cell of the map, in which images are read and mapped.
    """

    inputs: MomentInputs
    layers: Layers
    water: Mask | None
    sea: SeaAtMoment | None
    parts: int = 1

    @property
    def tiling(self) -> Tiling:
        """Windows of the map that are mapped at once."""
        return Tiling(self.layers.shape, -(-REACH // self.parts), -(-OVERLAP // self.parts))

    def read(self, window: Window) -> FloodScene | None:
        """The scene of a window, in parts of its cells; ``None`` where nothing shows it."""
        inputs, region = self.inputs, self.inputs.region.window(*window).refined(self.parts)
        found: dict[str, Any] = {image.layer: image.read(region) for image in inputs.images}
        if inputs.points is not None:
            found["points"] = self._in_parts(as_states(inputs.points[window]))
        if not any(np.isfinite(found[name]).any() for name in AFTER if name in found):
            return None
        if self.layers.has("elevation"):
            mean = 0.0 if self.sea is None else self.sea.mean_sea_level
            found["elevation"] = self._in_parts(self.layers.floats("elevation", window) - np.float32(mean))
        if self.water is not None:
            found["permanent_water"] = self._in_parts(self.water[window].astype(np.float32))
        level = None if self.sea is None else self.sea.level - self.sea.mean_sea_level
        return FloodScene(region.cell_size, sea_level=level, **found)

    def sample(self) -> FloodScene | None:
        """Parts of the whole region side by side, the whole where it is one part; ``None`` = nothing shows it."""
        tiles = self.tiling.tiles()
        if len(tiles) == 1:
            return self.read(tiles[0].window)
        parts = self._samples()
        chosen = np.unique(np.linspace(0, len(parts) - 1, SAMPLES).round().astype(int))
        return _joined([scene for number in chosen if (scene := self.read(parts[number].window)) is not None])

    def labelled(self, labels: Labels) -> tuple[FloodScene, Labels] | None:
        """The parts of the region with the most labels, and these; ``None`` = no image shows a label."""
        parts = self._samples()
        counted = sorted(parts, key=lambda part: -int((labels[part.window] != UNKNOWN).sum()))
        read = [
            (scene, self._in_parts(labels[part.window]))
            for part in counted[:SAMPLES]
            if (labels[part.window] != UNKNOWN).any() and (scene := self.read(part.window)) is not None
        ]
        joined = _joined([scene for scene, _ in read])
        return None if joined is None else (joined, np.concatenate([label for _, label in read]))

    def _samples(self) -> list[Tile]:
        return Tiling(self.layers.shape, -(-SAMPLE_EDGE // self.parts), 0).tiles()

    def _in_parts(self, layer: npt.NDArray[Value]) -> npt.NDArray[Value]:
        """A layer (h, w) of cells in their parts."""
        return in_parts(layer, self.parts, (layer.shape[0] * self.parts, layer.shape[1] * self.parts))


def scene_before(scene: FloodScene) -> FloodScene | None:
    """The images before the flood as if they were of the moment; ``None`` = they show nothing."""
    images = {"radar_after": scene.radar_before, "optical_after": scene.optical_before}
    seen: dict[str, Any] = {
        name: layer for name, layer in images.items() if layer is not None and np.isfinite(layer).any()
    }
    ground: dict[str, Any] = {name: getattr(scene, name) for name in ("elevation", "permanent_water")}
    return FloodScene(scene.cell_size, radar_unit=scene.radar_unit, **seen, **ground) if seen else None


def as_states(label: Labels) -> SingleFloats:
    """(h, w) 1 = wet, 0 = dry, NaN = unknown."""
    return np.where(label == UNKNOWN, np.float32(np.nan), label.astype(np.float32))


def _joined(scenes: list[FloodScene]) -> FloodScene | None:
    return side_by_side(scenes) if scenes else None
