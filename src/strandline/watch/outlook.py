"""What the watch believes at an hour of what is to come, zone by zone and lead by lead."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class OutlookRow:
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
