"""What a student sees of a flood: everything for the teacher, coarse, cloudy or missing images for the student."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from strandline.distillation.pretraining.scenes.samples import Samples, samples_of, trained_cells
from strandline.distillation.pretraining.scenes.sparse_views import COARSE, draw_clear, draw_points, sparse_view
from strandline.observations.arrays import Mask
from strandline.observations.flood_scenes.scene import UNKNOWN, WET, LabelledScene

TEACHER_LAYERS = ("radar_before", "radar_after", "optical_before", "optical_after")


@dataclass(frozen=True)
class Setting:
    """What the student has.

    Attributes:
        name: as in the results.
        layers: of the scene; the optical after-image is coarse and cloudy.
        cloud: share of the after-image under cloud.
        headline: whether every seed runs it.
        dropout_rate: share of instruments hidden in training.
        clouds: cloud shares of the pre-training on other events; each chip is used once under each.
        steps_factor: factor on the steps of the pre-training.
    """

    name: str
    layers: tuple[str, ...]
    cloud: float
    headline: bool = False
    dropout_rate: float = 0.1
    clouds: tuple[float, float] = (0.3, 0.3)
    steps_factor: int = 1


SETTINGS = {
    setting.name: setting
    for setting in (
        Setting("archive", ("optical_before", "optical_after", "points"), 0.3, headline=True),
        Setting("radar_only", ("radar_before", "radar_after"), 0.0, headline=True),
        Setting("strict", ("optical_after", "points"), 0.6, clouds=(0.6, 0.6)),
        Setting("outage", (*TEACHER_LAYERS, "points"), 0.3, dropout_rate=0.5, clouds=(0.3, 0.6), steps_factor=2),
    )
}
"""The student of ``outage`` is also tested on the other settings, beside their own students."""


@dataclass(frozen=True, eq=False)
class Views:
    """Chips of one size with one draw of clouds and points.

    Attributes:
        scenes: N chips, everything that there is of them.
        clear: (N, H/4, W/4) pixels of the student's after-image without cloud.
        points: (N, H, W) cells with known state; never scored.
    """

    scenes: Sequence[LabelledScene]
    clear: Mask
    points: Mask

    def __len__(self) -> int:
        return len(self.scenes)

    def __getitem__(self, index: npt.NDArray[np.int64] | slice) -> "Views":
        chosen = range(len(self))[index] if isinstance(index, slice) else index.tolist()
        return Views([self.scenes[place] for place in chosen], self.clear[index], self.points[index])

    @property
    def side(self) -> int:
        """Cells along the edge of a chip."""
        return int(self.points.shape[-1])

    @property
    def truth(self) -> Mask:
        """(N, H, W) flooded."""
        return np.stack([one.label == WET for one in self.scenes])

    @property
    def seen(self) -> Mask:
        """(N, H, W) cells with a label and with data of every instrument that the chip has."""
        return np.stack([seen_cells(one) for one in self.scenes])

    @property
    def trained(self) -> Mask:
        """(N, H, W) of these, the ones without permanent water."""
        return np.stack([seen_cells(one) & trained_cells(one) for one in self.scenes])

    def teacher_samples(self) -> Samples:
        """Everything that the teacher sees."""
        return samples_of([self._labelled(place, TEACHER_LAYERS, clear=True) for place in range(len(self))])

    def student_samples(self, setting: Setting, *, clear: bool = False) -> Samples:
        """What the student of a setting sees.

        Args:
            clear: with the after-image at full resolution and without the drawn cloud.
        """
        return samples_of(self.student_scenes(setting, clear=clear))

    def student_scenes(self, setting: Setting, *, clear: bool = False) -> list[LabelledScene]:
        """The same as scenes."""
        return [self._labelled(place, setting.layers, clear=clear) for place in range(len(self))]

    def _labelled(self, place: int, layers: Sequence[str], *, clear: bool) -> LabelledScene:
        one = self.scenes[place]
        view = sparse_view(
            one, None if clear else self.clear[place], self.points[place] if "points" in layers else None
        )
        scene = view.scene
        scene = scene.without(*(name for name in scene.layers if name in TEACHER_LAYERS and name not in layers))
        label = np.where(seen_cells(one) & trained_cells(one), one.label, UNKNOWN).astype(np.int8)
        return replace(one, scene=scene, label=label, meaning="water")  # permanent water is UNKNOWN by now


def seen_cells(scene: LabelledScene) -> Mask:
    """(H, W) cells with a label and with data of every image that the chip has."""
    seen = scene.known
    for name in TEACHER_LAYERS:
        layer = getattr(scene.scene, name)
        if layer is not None:
            bands = [band for band in layer if np.isfinite(band).any()] or [layer[0]]
            seen = seen & np.isfinite(bands).all(axis=0)
    return seen


def draw_views(scenes: Sequence[LabelledScene], cloud: float | Sequence[float], rng: np.random.Generator) -> Views:
    """Draw a spatially correlated cloud and the points of each chip.

    Args:
        scenes: N chips of one size.
        cloud: covered share, of all or of each (N,).
        rng: source of the draws.
    """
    rows, columns = scenes[0].scene.shape
    shares = np.broadcast_to(cloud, len(scenes))
    clear = np.stack([draw_clear((rows // COARSE, columns // COARSE), share, rng) for share in shares])
    points = np.stack([draw_points(seen_cells(one), rng) for one in scenes])
    return Views(scenes, clear, points)
