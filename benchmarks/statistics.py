"""Statistics that the benchmarks share: groups and means of rows, paired bootstrap, retention, calibration, CRPS."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from benchmarks.record import Row, Value
from strandline.observations.arrays import Floats, Mask, Reals

RowLike = TypeVar("RowLike", bound=Mapping[str, Value])

Key = TypeVar("Key", bound=Hashable)
Groups = Mapping[Key, npt.ArrayLike]
"""Event or coast → its scores, one per seed (or chip); paired mappings have the same keys and lengths."""


class Interval(NamedTuple):
    """A mean and the bootstrap interval around it."""

    mean: float
    low: float
    high: float

    def entries(self, name: str, separator: str = " ") -> Row:
        """The three numbers as entries of a summary: ``name``, ``name low`` and ``name high``."""
        return {name: self.mean, f"{name}{separator}low": self.low, f"{name}{separator}high": self.high}


def number(row: Mapping[str, Value], name: str) -> float:
    """A field of a row as a number; NaN where it was not measured."""
    value = row[name]
    return float("nan") if value is None else float(value)


def rows_by(rows: Iterable[RowLike], *names: str) -> dict[tuple[Value, ...], list[RowLike]]:
    """Values of some fields → rows that share them, in the order of the rows."""
    parts: dict[tuple[Value, ...], list[RowLike]] = defaultdict(list)
    for row in rows:
        parts[tuple(row[name] for name in names)].append(row)
    return dict(parts)


def scores_by(
    rows: Iterable[Mapping[str, Value]], group: str, score: str | Callable[[Mapping[str, Value]], float]
) -> dict[Value, list[float]]:
    """Value of the field ``group`` (event, coast, place) → scores in the order of the seeds.

    Args:
        rows: of one method.
        group: the field; ``score``: a field, or a function of the row.
    """
    found: dict[Value, list[float]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: number(row, "seed")):
        found[row[group]].append(number(row, score) if isinstance(score, str) else score(row))
    return dict(found)


def mean_over_groups(groups: Groups[Key]) -> float:
    """Mean over the groups of the mean within each; NaN where there is no group."""
    means = [np.mean(np.asarray(values, dtype=float)) for values in groups.values()]
    return float(np.mean(means)) if means else float("nan")


def paired_differences(ours: Groups[Key], theirs: Groups[Key]) -> dict[Key, npt.NDArray[np.float64]]:
    """Our scores minus theirs, group by group.

    Raises:
        ValueError: a group of ours that is not in theirs, or has another number of scores there.
    """
    differences = {}
    for key, values in ours.items():
        if key not in theirs or np.size(values) != np.size(theirs[key]):
            raise ValueError(f"group {key!r} has no matching scores")
        differences[key] = np.subtract(values, theirs[key], dtype=float)
    return differences


def paired_bootstrap(differences: Groups[Key], n: int, seed: int, coverage: float = 0.95) -> Interval:
    """Mean over groups of the mean within each, and its percentile interval: groups, then entries, are resampled.

    Every group has the same weight, whatever the number of its entries. Differences of two methods on the same inputs
    give a paired interval.

    Args:
        differences: group → (n_i,) values.
        n: number of bootstrap samples; seed: of the draws; coverage: of the interval.

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
    the denominator is 0 in the data or in a draw.

    Raises:
        ValueError: as ``paired_bootstrap``, or groups that do not match.
    """
    above, below = _arrays(numerators, denominators)
    denominator = np.mean([v.mean() for v in below])
    upper, lower = _redrawn([above, below], n, seed)
    if denominator == 0 or (lower == 0).any():
        return Interval(float("nan"), float("nan"), float("nan"))
    return _interval(np.mean([v.mean() for v in above]) / denominator, upper / lower, coverage)


def gap_closed(student: float, base: float, teacher: float, noise: float) -> float | None:
    """(S − B) / (T − B), B = the same student without a teacher; ``None`` where |T − B| is within ``noise``."""
    return None if abs(teacher - base) <= noise else (student - base) / (teacher - base)


def label_efficiency(fractions: Sequence[float], scores: Sequence[float], student: float) -> float | None:
    """Label fraction at which the method without a teacher reaches the student's score.

    Args:
        fractions: label fractions of the method without a teacher, increasing; ``scores``: its score at each.
        student: the score to reach.

    Returns:
        Linear interpolation between the fractions; the first one where it is already enough; ``None`` where the last
        one is not.

    Raises:
        ValueError: fractions that do not increase, or not one score for each.
    """
    if len(fractions) != len(scores) or not fractions or any(np.diff(fractions) <= 0):
        raise ValueError("fractions must increase, with one score each")
    for i, score in enumerate(scores):
        if score >= student:
            if i == 0:
                return float(fractions[0])
            share = (student - scores[i - 1]) / (score - scores[i - 1])
            return float(fractions[i - 1] + share * (fractions[i] - fractions[i - 1]))
    return None


def crps_of_quantiles(quantiles: Floats, levels: Sequence[float], observed: Floats) -> Floats:
    """(T,) continuous ranked probability score of quantile forecasts, in the unit of the quantiles.

    Twice the pinball loss, integrated over the levels by the trapezoidal rule; the loss is 0 at the levels 0 and 1.

    Args:
        quantiles: (T, Q) at ``levels`` (Q,); observed: (T,), NaN = not observed.

    Source: Gneiting and Ranjan (2011), eq. 15.
    """
    at = np.array(levels)
    miss = observed[:, None] - quantiles
    loss = 2 * np.maximum(at * miss, (at - 1) * miss)
    middle = np.trapezoid(loss, at, axis=1)
    crps: Floats = middle + loss[:, 0] * at[0] / 2 + loss[:, -1] * (1 - at[-1]) / 2
    return crps


def _arrays(*many: Groups[Key]) -> list[list[Floats]]:
    """Groups of each mapping as arrays, all in the order of the first mapping."""
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


def expected_calibration_error(probability: Reals, observed: Mask, bins: int = 15) -> float:
    """Σ (n_b / n) · |mean probability − frequency| over equal-width bins (Guo et al. 2017, eq. 3)."""
    index = np.minimum((probability * bins).astype(int), bins - 1)
    count = np.bincount(index, minlength=bins)
    total_probability = np.bincount(index, weights=probability, minlength=bins)
    total_observed = np.bincount(index, weights=observed.astype(float), minlength=bins)
    return float(np.abs(total_probability - total_observed).sum() / count.sum())


def brier(probability: Reals, observed: Mask) -> float:
    """Mean squared difference between probability and outcome (Brier 1950)."""
    return float(np.mean((probability - observed) ** 2))
