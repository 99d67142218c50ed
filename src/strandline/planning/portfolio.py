"""Which measures to build together for a budget."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strandline.planning.appraisal import Appraisal
from strandline.planning.level_damage import Choice
from strandline.planning.regret import least_regretted


@dataclass(frozen=True, eq=False)
class Selection:
    """The chosen combination.

    Attributes:
        affordable: (C,) combinations whose median investment the budget covers.
        best: for each future the affordable combination that is worth most there.
    """

    choice: Choice
    affordable: npt.NDArray[np.bool_]
    best: tuple[Choice, ...]


def select(appraisal: Appraisal, budget: float | None) -> Selection:
    """The affordable combination whose greatest regret over all futures is least (Savage 1951).

    Every combination has been run through the damage chain together, so that overlap is counted once; with so few
    measures each of them is looked at and no solver is needed (decision 18). Doing nothing is one of them.
    """
    price = np.median(appraisal.investment, axis=1)
    affordable = np.ones(len(price), dtype=bool) if budget is None else price <= budget
    within = np.flatnonzero(affordable)
    worth = appraisal.worth[within]
    return Selection(
        choice=appraisal.choices[within[least_regretted(worth, price[within])]],
        affordable=affordable,
        best=tuple(appraisal.choices[within[i]] for i in worth.argmax(axis=0)),
    )
