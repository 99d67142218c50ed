"""Random errors of the forecasts that a service issues, one after the other."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from strandline.observations.arrays import Floats

Growth = tuple[tuple[float, float], ...]
"""(lead [h], standard deviation) pairs, linear between them and constant beyond."""
ERROR_MEMORIES = 3.0
"""Number of e-folding times for which errors of an issue affect later ones; the truncation error is 5 % of a draw."""
BLOCK, BLOCKS_BEFORE = 64, 1000
"""Issues per block of draws, and offset of the block number in the seed, which must not be negative."""


def at_leads(growth: Growth, leads: Floats) -> Floats:
    """(L,) the standard deviation at each lead [h]."""
    lead, size = np.array(growth, dtype=float).T
    return np.asarray(np.interp(leads, lead, size))


@dataclass(frozen=True)
class IssueErrors:
    """Standard normal errors, correlated between issues over ``memory_hours`` and, for a series, along the leads.

    The errors of an issue depend only on the seed and its number, not on the other issues asked for.

    Attributes:
        singles: errors of which an issue has one draw.
        series: errors that are first-order noise along the leads.
        steps, step_hours: number of the leads of a series, and hours between them.
        memory_hours: e-folding time of the errors between issues, and of a series along the leads [h].
        every_hours: between issues [h].
        members: M of the ensemble.
    """

    singles: int
    series: int
    steps: int
    step_hours: float
    memory_hours: float
    every_hours: float
    members: int

    def of_block(self, seed: int, block: int) -> Floats:
        """(singles + series · steps, BLOCK, 1 + M) errors of a block's issues; the singles come first.

        On the last axis, the first is the service's error, the others are the members'. The errors of an issue are a
        weighted sum of its own draws and those of earlier issues, with autocorrelation exp(-t / memory).
        """
        kept = int(np.ceil(ERROR_MEMORIES * self.memory_hours / self.every_hours))
        weight = np.exp(-np.arange(kept) * self.every_hours / self.memory_hours)
        weight /= np.linalg.norm(weight)
        before = -(-(kept - 1) // BLOCK)  # earlier blocks that affect these issues
        noise = np.concatenate([self._draw(seed, each) for each in range(block - before, block + 1)], axis=1)
        error = np.zeros((noise.shape[0], BLOCK, noise.shape[2]))
        for ago, share in enumerate(weight):
            last = noise.shape[1] - ago
            error += share * noise[:, last - BLOCK : last]
        return error

    def _draw(self, seed: int, block: int) -> Floats:
        """The same shape, of variance 1, correlated only along the leads."""
        rng = np.random.default_rng([seed, block + BLOCKS_BEFORE])
        noise = rng.standard_normal((self.singles + self.series * self.steps, BLOCK, 1 + self.members))
        kept = np.exp(-self.step_hours / self.memory_hours)
        along = noise[self.singles :].reshape(self.series, self.steps, BLOCK, 1 + self.members)
        along[:, 1:] *= np.sqrt(1.0 - kept**2)
        noise[self.singles :] = lfilter([1.0], [1.0, -kept], along, axis=1).reshape(-1, BLOCK, 1 + self.members)
        return noise
