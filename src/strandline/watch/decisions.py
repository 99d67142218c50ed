"""What the agent decides of one action at one hour, and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Change = Literal["start", "keep", "stop", "stay_off"]


@dataclass(frozen=True)
class Decision:
    """One action at one hour.

    Attributes:
        at: the hour, naive UTC.
        action: its kind in the plan, as ``close_floodgates``.
        change: what becomes of it at this hour.
        where: zones; empty = the whole place.
        probability: chance [-] of what it is there for, within its lead window; ``None`` = not known.
        expected_avoided_loss: of acting now [EUR 2010]; ``None`` = not counted in money.
        cost: of acting now [EUR 2010]; ``None`` likewise.
        onset: when the level that it is for is passed in half of the courses that pass it; ``None`` = in none.
        is_degraded: the rule for dead streams decided.
        needs_person: nothing decides; whoever the plan names must.
        why: which indicator, in a plain sentence.
        moved_by: streams that moved the belief, the strongest first.
        would_change: what would turn the decision.
    """

    at: datetime
    action: str
    change: Change
    where: tuple[str, ...]
    probability: float | None
    expected_avoided_loss: float | None
    cost: float | None
    onset: datetime | None
    is_degraded: bool
    needs_person: bool
    why: str
    moved_by: tuple[str, ...]
    would_change: str


@dataclass(frozen=True)
class ForecastRow:
    """The belief about one variable, at one place, for one hour.

    Attributes:
        variable: ``water_level`` at ``time``, or from now to ``time`` the ``highest_water_level`` [m, region datum] and
            what it does to a zone: ``flooded_share`` [-] of its known land, ``damage`` [EUR 2010].
        zone: empty = the sea.
        time: that it speaks of, naive UTC.
        lead_hours: ahead of the hour at which it is believed [h].
        p05, p50, p95: of the belief, in the variable's unit.
        probability: chance [-] that the zone is flooded, or that the sea passes the plan's lowest level; ``None`` = not
            defined.
    """

    variable: str
    zone: str
    time: datetime
    lead_hours: float
    p05: float
    p50: float
    p95: float
    probability: float | None = None
