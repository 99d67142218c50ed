"""A flood map of one moment, and what makes one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from strandline.observations.arrays import Mask, SingleFloats
from strandline.observations.flood_scenes.scene import FloodScene

NO_IMAGE = (
    "shows no water: it has neither a radar nor an optical image of the moment, nor known points",
    "give one of them",
)
"""What is wrong with a scene that shows no water, and what would be right."""


@dataclass(frozen=True, eq=False)
class SceneMap:
    """Probability of water in the images of one moment.

    Attributes:
        probability: (H, W) that a cell is under water [-]; NaN where no stream shows it.
        spread: (H, W) standard deviation between the members that answered [-]; NaN likewise, 0 with one member.
        threshold: probability from which a cell counts as wet.
        members: names of the members that answered.
        streams: names of the layers of the scene that were used.
        inferred: (H, W) cells that nothing shows, inferred from what lies around them; ``None`` = none.
    """

    probability: SingleFloats
    spread: SingleFloats
    threshold: float
    members: tuple[str, ...]
    streams: tuple[str, ...]
    inferred: Mask | None = None

    @property
    def shown(self) -> Mask:
        """(H, W) cells with a probability of what shows them."""
        known = np.isfinite(self.probability)
        return known if self.inferred is None else known & ~self.inferred


class SceneMapper(Protocol):
    """Maps the water in a flood scene from whatever layers it holds."""

    def map(self, scene: FloodScene, progress: Callable[[float], None] | None = None) -> SceneMap:
        """Map one scene of any size.

        Raises:
            InputError: no layer that shows water: neither a radar nor an optical image of the moment, nor points.
        """
        ...


@runtime_checkable
class RegionalSceneMapper(SceneMapper, Protocol):
    """A mapper that learns statistics of the images (thresholds, means and spreads) before it maps them."""

    def of_region(self, sample: FloodScene) -> SceneMapper:
        """The mapper with the statistics of a whole region, so that its tiles agree with the whole.

        Args:
            sample: parts of the region, side by side, at the size of its cells.
        """
        ...
