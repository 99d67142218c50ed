"""Repairs of embankments: their table in the plan, and the stretches as a map for other programs."""

import json
import math
from collections.abc import Sequence

import geopandas as gpd
import pandas as pd

from strandline.observations.region_file.prices.money import SPACE
from strandline.planning.formatting import format_money
from strandline.planning.plan import Plan
from strandline.risk.breaches.repair import Repair

STRETCHES_FILE = "embankments.geojson"
MOST_LISTED = 10
"""Stretches in the table of the plan."""
COLUMNS = (
    "stretch", "condition", "breaches a year by the curve", "damage avoided a year", "people kept dry a year", "cost",
    "a look first is worth",
)  # fmt: skip
_UNKNOWN = "unknown"


def repair_lines(plan: Plan) -> list[str]:
    """Return the section on embankments; empty where no breaches are sampled."""
    if not plan.stretches:
        return []
    rows = [f"| {' | '.join(cell.replace(SPACE, ' ') for cell in row)} |" for row in repair_rows(plan)]
    head = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    return ["## Embankments, stretch by stretch", "", repair_introduction(plan), "", *head, *rows, ""]


def repair_introduction(plan: Plan) -> str:
    """Return what the table of repairs says, and what it rests on."""
    left = len(plan.stretches) - MOST_LISTED
    more = f" {left} more are in {STRETCHES_FILE}." if left > 0 else ""
    return (
        "Each row is the repair of one stretch alone to a good condition, most avoided damage for each kilometre first."
        " Strengths are those of a general curve, by crest and condition: nobody tested these embankments. The sea"
        " stands before each of them as high as at the gauge. Do not add the rows: what one breach floods, the next"
        " floods as well. A look first is worth so much at most, if it shows the condition before the repair is"
        f" decided on.{more}"
    )


def repair_rows(plan: Plan) -> list[tuple[str, ...]]:
    """Return the cells of the first stretches, one for each of ``COLUMNS``."""

    def amount(value: float) -> str:
        return format_money(value, plan.money) if math.isfinite(value) else _UNKNOWN

    return [
        (
            each.name,
            each.condition,
            f"{each.breaches_per_year:.2g}",
            amount(each.avoided_damage),
            f"{each.avoided_people:.2g}" if math.isfinite(each.avoided_people) else _UNKNOWN,
            amount(each.cost),
            "no decision changes" if each.value_of_survey == 0 else amount(each.value_of_survey),
        )
        for each in plan.stretches[:MOST_LISTED]
    ]


def stretches_geojson(plan: Plan, repairs: Sequence[Repair], crs: str) -> str:
    """Return the stretches in longitude and latitude (RFC 7946), the best repair first; ``null`` = unknown."""
    columns = pd.DataFrame([vars(each) for each in plan.stretches])
    frame = gpd.GeoDataFrame(
        columns.assign(rank=range(1, len(columns) + 1)), geometry=[each.stretch.shape for each in repairs], crs=crs
    ).to_crs("EPSG:4326")
    collection = json.loads(frame.set_geometry(frame.geometry.set_precision(1e-7)).to_json(na="null", drop_id=True))
    money = f"{plan.money}"
    collection["units"] = {
        "begin_km": "km", "end_km": "km", "crest": f"m above {plan.vertical_datum}", "breaches_per_year": "1 per year",
        "avoided_damage": f"{money} per year", "avoided_people": "people per year", "cost": money,
        "net_present_value": money, "value_of_survey": money,
    }  # fmt: skip
    return json.dumps(collection, allow_nan=False) + "\n"
