"""Published annual maxima against one another."""

from collections.abc import Iterator

import numpy as np

from strandline.observations.arrays import Floats
from strandline.observations.checks.findings import Finding

_LONGEST_GAP = 30.0
"""[years] Between two years of a list; longer ones are more often a typing error than a war."""
_OUTLIER = 2.0
"""Ratio of the highest to the next; among published records the great cyclones reach it. An assumption."""
_LEAST_HEIGHT = 0.1
"""[m] Above the median; smaller ones are not compared."""


def doubts_about_maxima(years: Floats, levels: Floats, where: str) -> Iterator[Finding]:
    """Gaps and outliers of a list of annual maxima [m], years ascending."""
    gaps = np.diff(years)
    if gaps.size and gaps.max() > _LONGEST_GAP:
        before = years[int(gaps.argmax())]
        what = f"no maximum is known for {gaps.max() - 1:.0f} years after {before:.0f}"
        yield Finding(where, what, "check the years before and after the gap")
    if levels.size < 3:
        return
    order = np.argsort(levels)
    middle = float(np.median(levels))
    highest, second = levels[order[-1]] - middle, levels[order[-2]] - middle
    if highest > _OUTLIER * max(second, _LEAST_HEIGHT) and highest > 1.0:
        what = (
            f"the maximum of {years[order[-1]]:.0f}, {levels[order[-1]]:.2f} m, stands {highest:.1f} m above the median"
            f" of the maxima, the next {second:.1f} m"
        )
        yield Finding(where, what, "check it against its source: return levels rest on it")
