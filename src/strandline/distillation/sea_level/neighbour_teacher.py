"""The teacher of a gauge with a short record: its residual as the long records of neighbours show it."""

from dataclasses import dataclass

import numpy as np

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Indices, Mask
from strandline.observations.sea_level.surge.likelihood import LAG_HOURS, Record

LARGEST_SHIFT = 6
"""Largest time shift between a neighbour and the own gauge [h]: some 150 km along a shelf."""
BLOCK_HOURS = 168
"""Hours that are left out together where the teacher's error is measured."""
FEWEST_HOURS = 240
"""Hours with readings of both gauges that a neighbour needs to teach."""
LEAST_RANK = 2
"""Blocks with readings of both, so that one can be left out."""


@dataclass(frozen=True, eq=False)
class InferredRecord:
    """What neighbours tell of a gauge's residual.

    Attributes:
        level: (T,) [m]; NaN = no neighbour that can teach had a reading.
        error: (168,) autocovariance [m2] of its error, measured on blocks that were left out.
        shifts: (S,) hours by which each neighbour lags the own gauge; ``gains``: (S,) its residual over the own [-].
            NaN = the neighbour does not teach.
    """

    level: Floats
    error: Floats
    shifts: Floats
    gains: Floats

    def as_record(self) -> Record:
        """For `fit_weather_response`, which fills the features."""
        return Record(self.level, np.zeros((self.level.size, 0), dtype=np.float32), np.zeros((0, 0)), self.error)


def infer_from_neighbours(own: Floats, neighbours: Floats) -> InferredRecord:
    """The own residual as neighbours see it: the weighted mean of their residuals, each over its gain.

    A neighbour's residual is a gain times the own one some hours before, plus an error; gains, shifts and the errors'
    covariance come from hours that both read. The mean of these hours is left out of them: that of the own gauge is
    part of its tide's error, which the neighbours' longer records then show. Dividing by the gain, rather than
    regressing on the neighbour, keeps the size of what is inferred: a neighbour that tells nothing gets an error
    without bound and no weight; a regression would show a sea that never moves.

    Args:
        own: (T,) residuals [m]; NaN = not read. The few weeks that are known.
        neighbours: (S, T) of the same hours, each about its own tide [m].

    Raises:
        RefusedByTheory: no neighbour has enough readings in common with the own gauge.

    Source: generalised least squares of calibrated instruments, Kay (1993), Estimation Theory, section 4.4.
    """
    blocks = np.arange(own.size) // BLOCK_HOURS
    fitted = [_fit(own, neighbour) for neighbour in neighbours]
    used = [number for number, found in enumerate(fitted) if found is not None]
    if not used:
        raise RefusedByTheory(
            f"no neighbour has {FEWEST_HOURS} h in {LEAST_RANK} weeks or more in common with the own gauge; a teacher"
            " cannot be fitted"
        )
    shifts = np.full(len(neighbours), np.nan)
    gains = np.full(len(neighbours), np.nan)
    for number in used:
        shifts[number] = fitted[number]
    aligned = np.stack([_shifted(neighbours[number], int(shifts[number])) for number in used])
    errors = np.full(own.size, np.nan)
    read = np.isfinite(own)
    for block in np.unique(blocks[read & np.isfinite(aligned).any(axis=0)]):
        left_out = blocks == block
        errors[left_out] = (_combine(aligned, *_calibrate(own, aligned, read & ~left_out)) - own)[left_out]
    errors -= np.nanmean(errors)
    gain, covariance = _calibrate(own, aligned, read)
    gains[used] = gain
    return InferredRecord(_combine(aligned, gain, covariance), _first_order(errors, blocks), shifts, gains)


def _fit(own: Floats, neighbour: Floats) -> int | None:
    """Shift [h] at which a neighbour's residual resembles the own most; ``None`` = too few readings of both."""
    best, found = -np.inf, None
    for shift in range(-LARGEST_SHIFT, LARGEST_SHIFT + 1):
        later = _shifted(neighbour, shift)
        both = np.isfinite(own) & np.isfinite(later)
        if both.sum() < FEWEST_HOURS or np.unique(np.flatnonzero(both) // BLOCK_HOURS).size < LEAST_RANK:
            continue
        x, y = own[both] - own[both].mean(), later[both] - later[both].mean()
        explained = float((x @ y) ** 2 / max(float(x @ x) * float(y @ y), 1e-12))
        if explained > best:
            best, found = explained, shift
    return found


def _shifted(residual: Floats, hours: int) -> Floats:
    """The residual ``hours`` later."""
    found = np.full(residual.size, np.nan)
    if hours >= 0:
        found[: residual.size - hours] = residual[hours:]
    else:
        found[-hours:] = residual[:hours]
    return found


def _calibrate(own: Floats, aligned: Floats, at: Mask) -> tuple[Floats, Floats]:
    """Gains (S,) [-] and covariance of errors (S, S) [m2] at some hours; shrunk by a tenth to its diagonal."""
    gain = np.empty(len(aligned))
    rest = np.full((len(aligned), own.size), np.nan)
    for number, other in enumerate(aligned):
        both = at & np.isfinite(other)
        x, y = own[both] - own[both].mean(), other[both] - other[both].mean()
        gain[number] = float(x @ y) / max(float(x @ x), 1e-12)
        rest[number, both] = y - gain[number] * x
    covariance = np.empty((len(aligned), len(aligned)))
    for i in range(len(aligned)):
        for j in range(len(aligned)):
            both = np.isfinite(rest[i]) & np.isfinite(rest[j])
            covariance[i, j] = float(np.mean(rest[i, both] * rest[j, both])) if both.any() else 0.0
    diagonal = np.diag(np.diag(covariance))
    return gain, 0.9 * covariance + 0.1 * diagonal + 1e-6 * np.eye(len(aligned))


def _combine(aligned: Floats, gain: Floats, covariance: Floats) -> Floats:
    """(T,) the residual that fits all readings best; NaN where there is none."""
    seen = np.isfinite(aligned)
    patterns, which = np.unique(seen, axis=1, return_inverse=True)
    found = np.full(aligned.shape[1], np.nan)
    for number, pattern in enumerate(patterns.T):
        there: Indices = np.flatnonzero(pattern)
        if there.size:
            weight = np.linalg.solve(covariance[np.ix_(there, there)], gain[there])
            at = which.ravel() == number
            found[at] = weight @ aligned[np.ix_(there, at)] / max(float(weight @ gain[there]), 1e-12)
    return found


def _first_order(errors: Floats, blocks: Indices) -> Floats:
    """(168,) autocovariance [m2] of a first-order process with the variance and the six-hour correlation of errors."""
    known = np.isfinite(errors)
    variance = float(np.mean(errors[known] ** 2))
    pair = known[:-6] & known[6:] & (blocks[:-6] == blocks[6:])
    across = float(np.mean(errors[:-6][pair] * errors[6:][pair])) if pair.any() else 0.0
    kept = float(np.clip(across / max(variance, 1e-12), 0.01, 0.99)) ** (1 / 6)
    return np.asarray(variance * kept ** np.arange(LAG_HOURS))
