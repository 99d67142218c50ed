"""A decision of the agent on one action at one hour, and a row of its forecast."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Change = Literal["start", "keep", "stop", "stay_off"]


@dataclass(frozen=True)
class Decision:
    """A decision on one action at one hour.

    Attributes:
        at: hour, naive UTC.
        action: kind of action in the plan, as ``close_floodgates``.
        change: of the action's status at this hour.
        where: zones; empty = the whole site.
        probability: [-] of the action's event within the horizon: that the sea passes its level or, where nobody knows
            exactly which level is dangerous, of water that is dangerous to people; ``None`` = unknown.
        expected_avoided_loss: of acting now [money]; ``None`` = not valued in money.
        cost: of acting now [money]; ``None`` likewise.
        onset: median time of passing the action's level among the ensemble members that pass it; ``None`` = none does.
        is_degraded: the own gauge gives no valid reading.
        needs_person: there is no data; the person named in the plan must decide.
        why: the reason, in plain language.
        moved_by: streams that shifted the belief, the largest shift first.
        would_change: what would change the decision, in plain language.
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
    """The forecast of one variable in one zone for one time.

    Attributes:
        variable: ``water_level`` at ``time`` [m, region datum]; or from now to ``time``: ``highest_water_level`` [m,
            region datum], and for a zone ``flooded_share`` [-] of its mapped land and ``damage`` [money].
        zone: empty = the sea.
        time: valid time, naive UTC.
        lead_hours: from the hour of the forecast to ``time`` [h].
        p05, p50, p95: quantiles, in the variable's unit.
        probability: [-] that the zone is flooded, or that the sea passes the plan's lowest level; ``None`` = undefined.
    """

    variable: str
    zone: str
    time: datetime
    lead_hours: float
    p05: float
    p50: float
    p95: float
    probability: float | None = None
