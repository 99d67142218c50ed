"""Statistics that the learning benchmarks share: what was kept, which gap was closed, and how sure that is."""

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Floats

Key = TypeVar("Key", bound=Hashable)
Groups = Mapping[Key, npt.ArrayLike]
"""Event or coast → its scores, one a seed (or chip); paired mappings have the same keys and lengths."""


class Interval(NamedTuple):
    """A mean and the bootstrap interval around it."""

    mean: float
    low: float
    high: float


def paired_bootstrap(differences: Groups[Key], n: int, seed: int, coverage: float = 0.95) -> Interval:
    """Mean over groups of the mean within each, and its percentile interval when groups, then entries, are redrawn.

    Every group counts the same, whatever the number of its entries. Pass differences of two methods that share inputs
    and the interval is paired.

    Args:
        differences: group → (n_i,) values; an empty group is refused.
        n: bootstrap samples; seed: of the draws; coverage: of the interval.

    Raises:
        ValueError: no group, or a group without a finite entry.

    Source: Davison and Hinkley (1997), Bootstrap Methods, section 3.8 (two-stage resampling).
    """
    (values,) = _arrays(differences)
    return _interval(np.mean([v.mean() for v in values]), _redrawn([values], n, seed)[0], coverage)


def bootstrap_ratio(
    numerators: Groups[Key], denominators: Groups[Key], n: int, seed: int, coverage: float = 0.95
) -> Interval:
    """Ratio of two means over the same groups and entries, with its paired percentile interval.

    Retention is ``bootstrap_ratio(student, teacher)``; the gap closed is ``bootstrap_ratio(S − B, T − B)``. NaN where
    the denominator is 0, in the whole or in a draw.

    Raises:
        ValueError: as ``paired_bootstrap``, or groups that do not match.
    """
    above, below = _arrays(numerators, denominators)
    denominator = np.mean([v.mean() for v in below])
    upper, lower = _redrawn([above, below], n, seed)
    if denominator == 0 or (lower == 0).any():
        return Interval(float("nan"), float("nan"), float("nan"))
    return _interval(np.mean([v.mean() for v in above]) / denominator, upper / lower, coverage)


def retention(student: float, teacher: float) -> float:
    """S / T: how much of the teacher's score the student keeps; NaN where the teacher scores nothing."""
    return student / teacher if teacher > 0 else float("nan")


def gap_closed(student: float, base: float, teacher: float, noise: float) -> float | None:
    """(S − B) / (T − B), B = the same student without a teacher; ``None`` where |T − B| is within ``noise``."""
    return None if abs(teacher - base) <= noise else (student - base) / (teacher - base)


def label_efficiency(fractions: Sequence[float], scores: Sequence[float], student: float) -> float | None:
    """Share of the labels that the method without a teacher needs to equal the student.

    Args:
        fractions: label fractions of the method without a teacher, rising; ``scores``: what it reached at each.
        student: the score to equal.

    Returns:
        Interpolated linearly between the fractions; the first of them when that is enough already; ``None`` when even
        the last is not.
    """
    if len(fractions) != len(scores) or not fractions or any(np.diff(fractions) <= 0):
        raise ValueError("fractions must rise, and have one score each")
    for i, score in enumerate(scores):
        if score >= student:
            if i == 0:
                return float(fractions[0])
            share = (student - scores[i - 1]) / (score - scores[i - 1])
            return float(fractions[i - 1] + share * (fractions[i] - fractions[i - 1]))
    return None


def _arrays(*many: Groups[Key]) -> list[list[Floats]]:
    """Each mapping's groups as arrays, all in the order of the first."""
    keys = list(many[0])
    result = []
    for groups in many:
        if set(groups) != set(keys) or not keys:
            raise ValueError(f"groups do not match: {sorted(map(str, keys))} and {sorted(map(str, groups))}")
        arrays = [np.asarray(groups[key], dtype=np.float64).reshape(-1) for key in keys]
        for key, array in zip(keys, arrays, strict=True):
            if not array.size or not np.isfinite(array).all():
                raise ValueError(f"group {key!r} is empty or holds a score that is not finite")
        result.append(arrays)
    if any([a.size for a in arrays] != [a.size for a in result[0]] for arrays in result):
        raise ValueError("paired groups differ in length")
    return result


def _redrawn(many: Sequence[Sequence[Floats]], n: int, seed: int) -> list[Floats]:
    """(n,) means of each list of groups under the same two-stage draws."""
    rng = np.random.default_rng(seed)
    count = len(many[0])
    drawn = rng.integers(0, count, size=(n, count))  # groups
    entries = [rng.random((n, count)) for _ in range(max(group.size for group in many[0]))]
    means = []
    for groups in many:
        sums = np.zeros((n, count))
        sizes = np.array([group.size for group in groups])[drawn]  # (n, G)
        table = np.zeros((count, max(group.size for group in groups)))
        for i, group in enumerate(groups):
            table[i, : group.size] = group
        for j, uniform in enumerate(entries):
            picked = table[drawn, (uniform * sizes).astype(np.int64)]
            sums += np.where(j < sizes, picked, 0.0)
        means.append((sums / sizes).mean(axis=1))
    return means


def _interval(mean: float | np.floating, redrawn: Floats, coverage: float) -> Interval:
    low, high = np.quantile(redrawn, [(1 - coverage) / 2, (1 + coverage) / 2])
    return Interval(float(mean), float(low), float(high))
