"""When water comes to each zone and how long it stands, as short rows: for roads, crops and whoever stays."""

from collections.abc import Sequence

import pandas as pd

from strandline.planning.formatting import format_metres
from strandline.planning.plan import Plan
from strandline.report.alerts.catalogue import name_of_zone
from strandline.risk.timing.by_zone import EARLIER_HOURS, LONGER_HOURS, ZoneTime
from strandline.risk.timing.simulated_floods import AFTER_HOURS, BEFORE_HOURS, SHAPES

FLOOD_TIMES_FILE = "flood_times.csv"
TIME_COLUMNS = ("zone", "first water", "dangerous water", "under water")
MOST_ZONES = 12
"""Zones that a page names; the file holds all."""
UNKNOWN, NEVER = "unknown", "in no simulated storm"
ABOUT_TIMES = (
    "Hours count from the highest sea at the gauge. First water: 15 cm on 5 % of the zone's land. Dangerous water:"
    " 50 cm there, or at the homes of 1 % of its people. Roads and fields that lie as low are under water as long.",
    f"These are bounds from {SHAPES} simulated storms: the earliest hour, {EARLIER_HOURS:g} hours sooner, and the"
    f" longest time, {LONGER_HOURS:g} hours longer, because the ground is not known exactly. The simulation knows no"
    " ditch, sluice or pump.",
    f"No end seen: water stood when the simulation ended, {AFTER_HOURS} hours after the highest sea, or what kept the"
    " sea out may keep the water in. It may stand until somebody drains the land.",
    "Water from rain, rivers or a broken embankment can come earlier. “In no simulated storm” does not mean safe: the"
    " flood maps decide who is in danger.",
)


def time_rows(plan: Plan) -> list[tuple[str, ...]]:
    """A row for each zone at the rarest sea level, the first in danger first; ``MOST_ZONES`` at most."""
    return [_row(plan, each) for each in _at_rarest(plan)[:MOST_ZONES]]


def time_title(plan: Plan) -> str:
    """Which sea the rows are for."""
    rarest = _at_rarest(plan)[0]
    return f"when the sea reaches {format_metres(rarest.sea_level)}, once in {rarest.return_period:g} years"


def time_notes(plan: Plan) -> list[str]:
    """What the hours mean and bear, and how many zones are not in the rows."""
    more = len(_at_rarest(plan)) - MOST_ZONES
    left = [f"{more} more zones are in {FLOOD_TIMES_FILE}."] if more > 0 else []
    return [*left, *ABOUT_TIMES]


def time_lines(plan: Plan) -> list[str]:
    """The table as Markdown; nothing where no water was simulated."""
    if not plan.flood_times:
        return []
    return [
        "## When the water comes, and how long it stands",
        "",
        f"{time_title(plan).capitalize()}:",
        "",
        f"| {' | '.join(TIME_COLUMNS)} |",
        f"|{'---|' * len(TIME_COLUMNS)}",
        *(f"| {' | '.join(row)} |" for row in time_rows(plan)),
        "",
        *(f"- {note}" for note in time_notes(plan)),
        "",
    ]


def flood_times_csv(rows: Sequence[ZoneTime]) -> str:
    """Every zone and return period; an empty hour = in no simulated storm, or unknown where ``is_known`` is false."""
    return str(pd.DataFrame([vars(row) for row in rows]).to_csv(index=False, float_format="%.2f"))


def _at_rarest(plan: Plan) -> list[ZoneTime]:
    longest = max(each.return_period for each in plan.flood_times)
    rows = [each for each in plan.flood_times if each.return_period == longest]

    def order(row: ZoneTime) -> tuple[float, float]:
        late = float("inf") if row.is_known else 0.0  # what is unknown stands beside the highest sea
        return (
            late if row.dangerous_from is None else row.dangerous_from,
            late if row.wet_from is None else row.wet_from,
        )

    return sorted(rows, key=order)


def _row(plan: Plan, row: ZoneTime) -> tuple[str, ...]:
    zone = row.zone if plan.evacuation is None else name_of_zone(row.zone, plan.evacuation.place_names)
    if not row.is_known:
        return zone, UNKNOWN, UNKNOWN, UNKNOWN
    return zone, _moment(row.wet_from), _moment(row.dangerous_from), _duration(row)


def _moment(hours: float | None) -> str:
    if hours is None:
        return NEVER
    if hours == 0:
        return "with the highest sea"
    if hours <= -BEFORE_HOURS:
        return f"{BEFORE_HOURS} hours before, or sooner"
    unit = "hour" if abs(hours) == 1 else "hours"
    return f"from {abs(hours):.0f} {unit} {'before' if hours < 0 else 'after'}"


def _duration(row: ZoneTime) -> str:
    if row.hours_wet is None:
        return "–"
    return "no end seen" if row.has_no_end else f"up to {row.hours_wet:.0f} hours"
