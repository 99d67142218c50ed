"""One coast under one seed: which storms train, which test, and which cells are labelled."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from benchmarks.delta.coasts import SimulatedCoast
from strandline.models.batch import Batch
from strandline.observations.arrays import Indices
from strandline.simulator.landscape.random_fields import correlated_noise

TRAINING_SHARE = 0.6
"""Share of a coast's normal storms that train; the others are the normal test, all extreme storms the extreme test."""


@dataclass(frozen=True, eq=False)
class Case:
    """One coast under one seed.

    Attributes:
        coast: with the streams of the teacher; ``seed``: of split, labels and training.
        training: storms of the archive; ``tests``: test → storms.
    """

    coast: SimulatedCoast
    seed: int
    training: Indices
    tests: Mapping[str, Indices]

    @cached_property
    def order(self) -> Tensor:
        """(N, H, W) rank of each surveyed land cell in the survey, so that smaller label fractions lie in larger ones.

        Storms are surveyed in random order; a storm that is not wholly surveyed is surveyed in patches. Cells that no
        survey saw, and water, have the rank −1: they can have no label.
        """
        rng = np.random.default_rng([self.coast.seed, self.seed, 1])
        shape = tuple(self.coast.land.shape)
        turn = np.empty((len(self.training), *shape))
        for place, storm in enumerate(rng.permutation(len(self.training))):
            patchy = correlated_noise(shape, 5.0, rng).ravel().argsort().argsort()
            turn[storm] = place * patchy.size + patchy.reshape(shape)
        surveyed = (self.coast.surveyed[torch.from_numpy(self.training)] & self.coast.land).numpy()
        rank = np.full(turn.shape, -1)
        rank[surveyed] = turn[surveyed].argsort().argsort()
        return torch.from_numpy(rank)

    def labels(self, fraction: float) -> Tensor:
        """(N, H, W) the cells that this share of the surveyed land cells of the training storms consists of."""
        return (self.order >= 0) & (self.order < round(fraction * int((self.order >= 0).sum())))

    def storms(self, fraction: float) -> Batch:
        """The training storms, with the labels of this share of the surveyed land cells and no other truth."""
        index = torch.from_numpy(self.training)
        return replace(
            self.coast.storms[index], flood_class=self.coast.survey[index], flood_valid=self.labels(fraction)
        )

    def test_storms(self, test: str) -> Batch:
        """The storms of a test."""
        return self.coast.storms[torch.from_numpy(self.tests[test])]


def split_storms(coast: SimulatedCoast, seed: int) -> Case:
    """Split a coast's storms by a seed; the ``high`` test is the part of the normal one above the design level."""
    rng = np.random.default_rng([coast.seed, seed, 0])
    normal = rng.permutation(np.flatnonzero(~coast.extreme))
    count = round(TRAINING_SHARE * len(normal))
    training, test = np.sort(normal[:count]), np.sort(normal[count:])
    high = test[coast.level[test] > coast.design]
    return Case(coast, seed, training, {"normal": test, "high": high, "extreme": np.flatnonzero(coast.extreme)})
