"""How far a job is and how long it will take, by the stages that are behind it."""

from collections.abc import Collection, Mapping
from types import MappingProxyType

FIRST_RUN: Mapping[str, float] = MappingProxyType(
    {
        "observe": 5.0, "split the record": 3.7, "simulate the radar archive": 30.4,
        "estimate return levels": 2.0, "apply the teacher": 7.2,
        "simulate extremes": 1.9, "calibrate": 0.8, "fit the sea-level forecaster": 4.4, "map the hazard": 4.3,
        "map frequent floods": 1.6, "map sea-level rise": 5.3, "map the highest sea": 1.4, "sample breaches": 4.6,
        "time the water": 3.0, "plan": 24.8, "score the flood maps": 2.3, "compare with training coasts": 0.4,
    }
)  # fmt: skip
"""[s] Of the stages of ``strandline run --out runs/demo``, the simulated delta, on two cores; only their proportions
count, until a run of the same place has measured its own. The delta simulates its archive while it is observed, a real
place afterwards; that reading a place's files takes 5 s then is an assumption."""
FEWEST_KNOWN = 0.08
"""Share of the work that must be behind a job before its time left is reported [-]; an assumption."""


class TimeLeft:
    """Takes the stages of a job as they begin.

    Args:
        weights: stage → how long it takes, in any unit; a stage that is not named counts nothing.
        restored: stages that are read back, which say nothing of this machine.
    """

    def __init__(self, weights: Mapping[str, float], restored: Collection[str] = ()) -> None:
        self._weights, self._restored = dict(weights), frozenset(restored)
        self._total = sum(self._weights.values())
        self._done, self._measured, self._spent = 0.0, 0.0, 0.0
        self._stage, self._began, self._share = "", 0.0, 0.0

    def begin(self, stage: str, now: float) -> None:
        """A stage begins, and the one before has ended, at ``now`` [s]."""
        weight = self._weights.get(self._stage, 0.0)
        self._done += weight
        if weight and self._stage not in self._restored:
            self._measured += weight
            self._spent += now - self._began
        self._stage, self._began, self._share = stage, now, 0.0

    def progress(self, share: float) -> None:
        """The stage is so far [-]."""
        self._share = min(max(share, 0.0), 1.0)

    @property
    def share(self) -> float | None:
        """Share of the work that is done [-]; ``None`` = unknown."""
        if not self._total:
            return None
        return min((self._done + self._share * self._weights.get(self._stage, 0.0)) / self._total, 1.0)

    def left(self, now: float) -> float | None:
        """[s] ``None`` = too little is known yet."""
        measured, spent = self._measured, self._spent
        weight = self._weights.get(self._stage, 0.0)
        part = self._share * weight
        if self._stage not in self._restored and part:
            measured, spent = measured + part, spent + now - self._began
        if not self._total or measured < FEWEST_KNOWN * self._total:
            return None
        return spent / measured * max(self._total - self._done - part, 0.0)
