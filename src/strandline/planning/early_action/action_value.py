"""What acting now is worth: expected avoided loss against cost, or for lives a chance against the one agreed on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Floats
from strandline.planning.actions import ActionParameters
from strandline.planning.early_action.derive_triggers import PROBABILITY_FOR_LIVES

DEFERRAL_HOURS = 3
"""How much sooner than at the last moment an action may start [h]: what comes later is decided by newer readings."""
LINGER_HOURS = 13
"""How far ahead an event keeps a running action from being stopped, beyond its patience [h]: the next tide."""


@dataclass(frozen=True, eq=False)
class ActionValue:
    """What acting now is worth.

    Attributes:
        ratio: expected avoided loss over cost, or chance over the agreed one [-]; above 1 it is worth it.
        still: the same of all that stands above the level now or until the tide after next [-].
        probability: of the event level within the horizon [-].
        avoided: expected [EUR 2010]; ``None`` for lives.
        onset_hours: median lead of the event level among the courses that pass it [h]; ``None`` = none does.
        if_wrong: stream → ``ratio`` if that stream is broken [-], where that is not ruled out.
    """

    ratio: float
    still: float
    probability: float
    avoided: float | None
    onset_hours: float | None
    if_wrong: Mapping[str, float]

    @property
    def is_no_regret(self) -> bool:
        """Worth it whichever stream is wrong."""
        return self.ratio > 1 and all(ratio > 1 for ratio in self.if_wrong.values())


def value_of_acting(
    stake: ActionParameters,
    levels: Floats,
    broken: npt.NDArray[np.bool_] | None = None,
    streams: Sequence[str] = (),
    patience: int = DEFERRAL_HOURS,
) -> ActionValue:
    """Weigh one action.

    Args:
        levels: (N, H) sea levels [m, region datum] of equally likely courses from now on, hourly.
        broken: (N, S) which ``streams`` are broken in each course.

    An event counts for starting while acting is in time for it and could not be put off by more than ``patience``.
    """
    over = levels >= stake.level
    passes = over.any(axis=1)
    onset = np.where(passes, over.argmax(axis=1), levels.shape[1])
    first = int(np.ceil(stake.lead_window_hours[0]))
    in_time = passes & (onset >= first) & (onset <= first + patience)
    ahead = passes & (onset <= first + patience + LINGER_HOURS)
    if stake.cost is None:
        gain, unit = np.ones(len(levels)), PROBABILITY_FOR_LIVES
    else:
        gain, unit = np.interp(levels.max(axis=1), stake.levels, stake.avoidable_loss), stake.cost[1]
    expected = float((gain * in_time).mean())
    if_wrong = {}
    if broken is not None:
        for number, stream in enumerate(streams):
            wrong = broken[:, number]
            if wrong.any():
                if_wrong[stream] = float((gain * in_time)[wrong].mean()) / unit
    return ActionValue(
        ratio=expected / unit,
        still=float((gain * ahead).mean()) / unit,
        probability=float(passes.mean()),
        avoided=None if stake.cost is None else expected,
        onset_hours=float(np.median(onset[passes])) if passes.any() else None,
        if_wrong=if_wrong,
    )


def select_actions(
    stakes: Sequence[ActionParameters], worths: Sequence[ActionValue], crews: int | None
) -> frozenset[str]:
    """The actions to start: all that are worth it, or, of those, the set worth most for which there are crews.

    Actions for lives come before any money.
    """
    wanted = [(stake, worth) for stake, worth in zip(stakes, worths, strict=True) if worth.ratio > 1]
    if crews is None or sum(stake.crews for stake, _ in wanted) <= crews:
        return frozenset(stake.action for stake, _ in wanted)
    best, found = (-1, -1.0), frozenset[str]()
    for size in range(len(wanted) + 1):
        for chosen in combinations(wanted, size):
            if sum(stake.crews for stake, _ in chosen) > crews:
                continue
            lives = sum(stake.cost is None for stake, _ in chosen)
            money = sum(
                worth.avoided - stake.cost[1] for stake, worth in chosen if stake.cost and worth.avoided is not None
            )
            if (lives, money) > best:
                best, found = (lives, money), frozenset(stake.action for stake, _ in chosen)
    return found
