"""Runs named stages: each once, from its own random stream, with its own progress."""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar

import numpy as np

from strandline.distillation.training.loop import Announce, Progress
from strandline.pipeline.run_folder.checkpoints import Checkpoints

Result = TypeVar("Result")
Inputs = ParamSpec("Inputs")


@dataclass(frozen=True)
class StageContext:
    """What a stage gets beside its inputs.

    Attributes:
        rng: the stage's own random stream.
        progress: takes the fraction done, 0…1; ``None`` = nobody watches.
    """

    rng: np.random.Generator
    progress: Progress | None = None


def random_stream(seed: int, stage: str) -> np.random.Generator:
    """The random stream of a stage: it depends on the seed and the stage's name, not on its position in the run."""
    return np.random.default_rng([seed, zlib.crc32(stage.encode())])


class StageRunner:
    """Runs the stages of one job.

    Args:
        checkpoints: hold the results of stages that an interrupted job has finished.
        seed: of every stage's random stream.
        announce: called with each stage's name when it starts; returns where its progress goes.
    """

    def __init__(self, checkpoints: Checkpoints, seed: int, announce: Announce) -> None:
        self.checkpoints, self._seed, self._announce = checkpoints, seed, announce

    def __call__(
        self,
        name: str,
        function: Callable[Concatenate[StageContext, Inputs], Result],
        *inputs: Inputs.args,
        **options: Inputs.kwargs,
    ) -> Result:
        """Run ``function(context, *inputs)``, or return the stored result."""
        context = StageContext(random_stream(self._seed, name), self._announce(name))
        return self.checkpoints.stage(name, lambda: function(context, *inputs, **options))

    @property
    def seconds(self) -> Mapping[str, float]:
        """Stage → wall time [s]."""
        return self.checkpoints.seconds
