"""The actions of the agent benchmark, and the expense of deciding on them."""

import numpy as np

from benchmarks.agent.coasts import Coast
from benchmarks.record import Rows
from benchmarks.statistics import number
from strandline.observations.arrays import Mask
from strandline.planning.early_action.hindcast import PROTECTION_HOURS
from strandline.planning.early_action.protocol import Event
from strandline.planning.early_action.verification import CostLossModel, Verification, verify

ACTIONS = (
    ("activate_pumps", 1.0, 0.1),
    ("close_floodgates", 3.0, 0.1),
    ("deploy_sandbags", 6.0, 0.2),
    ("evacuate_low_lying_areas", 12.0, 0.05),
)
"""Action, hours that it needs, and its cost over the loss that it avoids [-]."""


def verify_action(coast: Coast, active: Mask, part: slice, action: int) -> Verification:
    """Verification of one action over a part of the record."""
    _, hours, ratio = ACTIONS[action]
    event = Event(variable="water_level", operator=">=", value=float(coast.event_level), unit="m")
    cost_loss = CostLossModel(ratio, lambda peaks: np.ones(peaks.size), PROTECTION_HOURS)
    return verify(active, coast.time[part], coast.level[part], event, hours, cost_loss)


def expense(result: Verification) -> float:
    """Cost of the decisions and of the losses that they did not avoid, in units of the avoidable loss."""
    assert result.expenses is not None
    return result.expenses.decided


def pooled_value(rows: Rows) -> float:
    """Relative value [-] of the summed expenses of all rows (Richardson 2000, eq. 7)."""
    spent, perfect, climate = (
        sum(number(row, key) for row in rows) for key in ("expense", "expense_perfect", "expense_climate")
    )
    return (climate - spent) / (climate - perfect)
