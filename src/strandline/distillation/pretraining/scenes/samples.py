"""Labelled scenes as tensors."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor

from strandline.models.flood.scenes.images.scene_statistics import SceneStatistics
from strandline.models.flood.scenes.members import layers_seen
from strandline.models.flood.scenes.streams import scene_streams, stack_streams
from strandline.observations.arrays import Mask
from strandline.observations.flood_scenes.scene import WET, LabelledScene

GUIDE = "guide."
"""Begins the names of streams that a guiding teacher reads beside the network that is trained."""
Streams = dict[str, tuple[Tensor, Tensor]]


@dataclass(frozen=True, eq=False)
class Samples:
    """N scenes of one size as tensors.

    Attributes:
        streams: values (N, C, H, W) in half precision and where seen (N, H, W).
        target: (N, H, W) probability of water: a label, 0 or 1, or a teacher's.
        known: (N, H, W) where the target holds.
        weight: (N,) in proportion to which a scene is drawn.
    """

    streams: Streams
    target: Tensor
    known: Tensor
    weight: Tensor

    def __len__(self) -> int:
        return len(self.target)

    def __getitem__(self, index: Tensor | slice) -> Self:
        streams = {name: (value[index], seen[index]) for name, (value, seen) in self.streams.items()}
        return replace(
            self, streams=streams, target=self.target[index], known=self.known[index], weight=self.weight[index]
        )

    def only(self, names: Sequence[str]) -> Self:
        """The same scenes with these streams alone."""
        return replace(self, streams={name: pair for name, pair in self.streams.items() if name in names})

    def with_target(self, target: Tensor, known: Tensor) -> Self:
        """The same scenes with another target."""
        return replace(self, target=target, known=known)


def samples_of(scenes: Sequence[LabelledScene]) -> Samples:
    """Tensors of scenes of one size; an event counts with the square root of its number of scenes."""
    streams = stack_streams([scene_streams(one.scene, SceneStatistics.of(one.scene, ranked=False)) for one in scenes])
    sizes: dict[str, int] = {}
    for one in scenes:
        sizes[one.event] = sizes.get(one.event, 0) + 1
    labels = np.stack([one.label for one in scenes])
    known = np.stack([trained_cells(one) for one in scenes])
    return Samples(
        {name: (value.half(), seen) for name, (value, seen) in streams.items()},
        torch.from_numpy(labels == WET).half(),
        torch.from_numpy(known),
        torch.tensor([sizes[one.event] ** -0.5 for one in scenes], dtype=torch.float64),
    )


def trained_cells(scene: LabelledScene) -> Mask:
    """(H, W) cells whose label trains and scores: where an image shows the moment, and no permanent water.

    Whether a delineated flood holds permanent water differs between events, so that it is left out; a label of all
    water keeps it.
    """
    known = scene.known & layers_seen(scene.scene, ("radar_after", "optical_after"))
    permanent = scene.scene.permanent_water
    return known if permanent is None or scene.meaning == "water" else known & ~(permanent > 0.5)
