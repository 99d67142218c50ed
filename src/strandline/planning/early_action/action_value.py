"""Value of acting now: expected avoided loss over cost, or for lives a probability over the agreed one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from strandline.observations.arrays import Floats, Mask
from strandline.planning.actions import ActionParameters

PROBABILITY_FOR_LIVES = 0.2
"""Agreed probability from which an action for lives starts; an assumption: four false alarms for one flood."""
DEFERRAL_HOURS = 3
"""How much before the latest moment an action may start [h]; what comes later is decided on newer readings."""
STOP_HOURS = 13
"""A whole tide (12.4 h) and a margin [h], so that low water in between does not stop an action."""


@dataclass(frozen=True, eq=False)
class ActionValue:
    """The value of acting now.

    Attributes:
        ratio: expected avoided loss over cost, or probability over the agreed one [-]; above 1 acting pays.
        ongoing_ratio: the same for all events from now until one tide after the latest moment to start [-].
        probability: of the event level within the horizon [-].
        avoided: expected [EUR 2010]; ``None`` for lives.
        onset_hours: median lead time of the event level among the members that exceed it [h]; ``None`` = none does.
        if_wrong: stream → ``ratio`` if that stream is broken [-], where that is possible.
    """

    ratio: float
    ongoing_ratio: float
    probability: float
    avoided: float | None
    onset_hours: float | None
    if_wrong: Mapping[str, float]

    @property
    def is_no_regret(self) -> bool:
        """Whether acting pays whichever stream is broken."""
        return self.ratio > 1 and all(ratio > 1 for ratio in self.if_wrong.values())


def value_of_acting(
    action: ActionParameters,
    levels: Floats,
    broken: Mask | None = None,
    streams: Sequence[str] = (),
    deferral_hours: int = DEFERRAL_HOURS,
) -> ActionValue:
    """The value of starting one action now.

    An event counts if acting now is in time for it and cannot be deferred by more than ``deferral_hours``.

    Args:
        levels: (N, H) sea levels [m, region datum] of equally likely ensemble members from now on, hourly.
        broken: (N, S) which ``streams`` are broken in each member.
    """
    over = levels >= action.level
    exceeds = over.any(axis=1)
    onset = np.where(exceeds, over.argmax(axis=1), levels.shape[1])
    first = int(np.ceil(action.lead_window_hours[0]))
    in_time = exceeds & (onset >= first) & (onset <= first + deferral_hours)
    ahead = exceeds & (onset <= first + deferral_hours + STOP_HOURS)
    if action.cost is None:
        gain, unit = np.ones(len(levels)), PROBABILITY_FOR_LIVES
    else:
        gain, unit = np.interp(levels.max(axis=1), action.levels, action.avoidable_loss), action.cost[1]
    expected = float((gain * in_time).mean())
    if_wrong = {}
    if broken is not None:
        for number, stream in enumerate(streams):
            is_broken = broken[:, number]
            if is_broken.any():
                if_wrong[stream] = float((gain * in_time)[is_broken].mean()) / unit
    return ActionValue(
        ratio=expected / unit,
        ongoing_ratio=float((gain * ahead).mean()) / unit,
        probability=float(exceeds.mean()),
        avoided=None if action.cost is None else expected,
        onset_hours=float(np.median(onset[exceeds])) if exceeds.any() else None,
        if_wrong=if_wrong,
    )


def select_actions(
    actions: Sequence[ActionParameters], values: Sequence[ActionValue], crews: int | None
) -> frozenset[str]:
    """The actions to start: all that pay, or the most valuable set of them for which there are crews.

    Actions for lives come before any money.
    """
    paying = [(action, value) for action, value in zip(actions, values, strict=True) if value.ratio > 1]
    if crews is None or sum(action.crews for action, _ in paying) <= crews:
        return frozenset(action.action for action, _ in paying)
    best, selected = (-1, -1.0), frozenset[str]()
    for size in range(len(paying) + 1):
        for chosen in combinations(paying, size):
            if sum(action.crews for action, _ in chosen) > crews:
                continue
            lives = sum(action.cost is None for action, _ in chosen)
            money = sum(
                value.avoided - action.cost[1] for action, value in chosen if action.cost and value.avoided is not None
            )
            if (lives, money) > best:
                best, selected = (lives, money), frozenset(action.action for action, _ in chosen)
    return selected
