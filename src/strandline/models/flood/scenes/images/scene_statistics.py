"""What the images of a whole scene are standardised and ranked by: tiles of one scene share it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from strandline.models.flood.scenes.images.local_images import INDICES, local_mean, water_indices
from strandline.models.flood.scenes.images.statistics import Match, RankTable, Standard
from strandline.observations.arrays import Reals, SingleFloats
from strandline.observations.flood_scenes.scene import RADAR_BANDS, FloodScene

SMOOTHING = 3
"""[cells] Edge of the local means that changes and ranks are taken of: single cells of radar hold speckle."""


@dataclass(frozen=True)
class SceneStatistics:
    """Level, contrast, changes and ranks of a scene's images.

    Attributes:
        radar_before, radar_after: standard of each band; empty = no image.
        radar_match, optical_match: of each band, between local means; empty = one of the two images is missing.
        ranks: by the name of the image, as `ranked_images` gives them.
    """

    radar_before: tuple[Standard, ...] = ()
    radar_after: tuple[Standard, ...] = ()
    radar_match: tuple[Match, ...] = ()
    optical_match: tuple[Match, ...] = ()
    ranks: Mapping[str, RankTable] = field(default_factory=dict)

    @classmethod
    def of(cls, scene: FloodScene, *, ranked: bool = True) -> Self:
        """Of a whole scene; a tile must be given those of its scene.

        Args:
            ranked: whether ranks are wanted: hand features have some, the streams of networks none.
        """
        standards = tuple(
            () if image is None else tuple(Standard.of(band) for band in image)
            for image in (scene.radar_before, scene.radar_after)
        )
        matches = (
            tuple(Match.of(before, after) for before, after in _smoothed(scene.radar_before, scene.radar_after)),
            tuple(Match.of(before, after) for before, after in _smoothed(scene.optical_before, scene.optical_after)),
        )
        first = cls(standards[0], standards[1], *matches)
        ranks = {name: RankTable.of(image) for name, image in ranked_images(scene, first)} if ranked else {}
        return cls(standards[0], standards[1], *matches, ranks)

    def radar_changes(self, scene: FloodScene) -> list[Reals]:
        """Change of each radar band in spreads of unchanged ground (H, W).

        Empty = the scene, or the region of the statistics, lacks one of the images.
        """
        pairs = _smoothed(scene.radar_before, scene.radar_after)
        return [match.change(*pair) for match, pair in zip(self.radar_match, pairs, strict=False)]

    def optical_changes(self, scene: FloodScene) -> list[Reals]:
        """Likewise of each optical band."""
        pairs = _smoothed(scene.optical_before, scene.optical_after)
        return [match.change(*pair) for match, pair in zip(self.optical_match, pairs, strict=False)]


def ranked_images(scene: FloodScene, statistics: SceneStatistics) -> Iterator[tuple[str, Reals]]:
    """Images whose ranks within the whole scene carry information, by name."""
    for time in ("before", "after"):
        radar, optical = getattr(scene, f"radar_{time}"), getattr(scene, f"optical_{time}")
        if radar is not None:
            for band, image in zip(RADAR_BANDS, radar, strict=True):
                yield f"{band}_{time}", local_mean(image, SMOOTHING)
        if optical is not None:
            yield from ((f"{name}_{time}", image) for name, image in zip(INDICES, water_indices(optical), strict=True))
            yield f"near_{time}", optical[1]
    for band, change in zip(RADAR_BANDS, statistics.radar_changes(scene), strict=False):
        yield f"{band}_change", change
    for band, change in zip(("green", "near", "short"), statistics.optical_changes(scene), strict=False):
        yield f"{band}_change", change


def _smoothed(before: SingleFloats | None, after: SingleFloats | None) -> list[tuple[SingleFloats, SingleFloats]]:
    """Local means of each band before and after; empty = one of the images is missing."""
    if before is None or after is None:
        return []
    return [
        (local_mean(one, SMOOTHING), local_mean(other, SMOOTHING)) for one, other in zip(before, after, strict=True)
    ]
