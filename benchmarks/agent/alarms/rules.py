"""The phases that a plan derives for the actions of the benchmark, at any agreed chance or cost."""

from dataclasses import dataclass

import numpy as np

from strandline.planning.early_action.derive_triggers import money_phase
from strandline.planning.early_action.evacuation.area_triggers import AreaTriggers, WholeRegion
from strandline.planning.early_action.protocol import Indicator, Phase, Protocol
from strandline.planning.early_action.trigger_constants import PROBABILITY_FOR_LIVES, STOP_SHARE
from strandline.planning.measures import Fallback, OperationalMeasure
from strandline.planning.quantity import Quantity
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS

UNIT = 1e6
"""The loss of one event; costs are shares of it."""
LIVES_LEAD = 12.0
"""Hours that an action for lives needs [h]."""
MOVE, GO_UP, ACT = "move", "go_up", "act"
"""Names of the phases: for lives to leave in time and its fallback, and for money."""


@dataclass(frozen=True)
class Task:
    """An event level with the time that an action needs before it.

    Attributes:
        often: events a year of the level; ``level``: [m]; ``lead_hours``: needed [h].
    """

    often: float
    level: float
    lead_hours: float

    @property
    def is_for_lives(self) -> bool:
        """Whether people move, or something is done that costs money."""
        return self.lead_hours == LIVES_LEAD

    def protocol(self, chance: float) -> Protocol:
        """Its phases at an agreed chance, or for money at a cost over the avoidable loss [-]."""
        phases, indicators = _for_lives(self, chance) if self.is_for_lives else _for_money(self, chance)
        return Protocol(
            title="benchmark", source="benchmark", confirmed_by="nobody", indicators=indicators, phases=phases
        )


def _for_lives(task: Task, chance: float) -> tuple[tuple[Phase, ...], dict[str, Indicator]]:
    measure = OperationalMeasure(
        key=MOVE, title="Move", classes=(), lead_window_hours=(task.lead_hours, float(HORIZON_HOURS)),
        response="Evacuate", life_safety=True, cost=None, avoided_share=None,
        fallback=Fallback(GO_UP, "Go up", "Shelter"),
    )  # fmt: skip
    area = WholeRegion((task.level,), int(task.lead_hours), "benchmark")
    triggers = AreaTriggers(measure, area, has_night=False, drainage_hours=None, neighbour=None)
    changed = {PROBABILITY_FOR_LIVES: chance, PROBABILITY_FOR_LIVES * STOP_SHARE: chance * STOP_SHARE}
    indicators = {
        name: one.model_copy(update={"probability": changed.get(one.probability or 0.0, one.probability)})
        for name, one in triggers.indicators.items()
    }
    return triggers.phases, indicators


def _for_money(task: Task, ratio: float) -> tuple[tuple[Phase, ...], dict[str, Indicator]]:
    cost = UNIT * ratio
    measure = OperationalMeasure(
        key=ACT, title="Act", classes=(), lead_window_hours=(task.lead_hours, float(HORIZON_HOURS)),
        response="Execute", life_safety=False, cost=Quantity(cost, cost, cost, "1", "benchmark"), avoided_share=None,
    )  # fmt: skip
    curve = np.array([task.level - 1, task.level + 1]), np.array([UNIT, UNIT])
    phase, indicators = money_phase(measure, task.level, curve)
    return (phase,), indicators
