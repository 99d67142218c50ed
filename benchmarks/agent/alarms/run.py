"""Rows of one gauge: the alarms of every action, and the same at every agreed chance."""

from dataclasses import asdict

from benchmarks.agent.alarms.gauges import Gauge
from benchmarks.agent.alarms.replay import Watched, alarms, watch
from benchmarks.agent.alarms.rules import ACT, GO_UP, LIVES_LEAD, MOVE, Task
from benchmarks.agent.alarms.scoring import score
from benchmarks.record import Row
from strandline.planning.early_action.trigger_constants import PROBABILITY_FOR_LIVES

MONEY_LEADS, RATIOS = (1.0, 3.0, 6.0), (0.05, 0.1, 0.2)
"""Hours that actions for money need [h], and their cost over the avoidable loss [-]."""
CHANCES = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7)
"""Agreed chances of the curve [-]."""


def rows_of(gauge: Gauge) -> list[Row]:
    """One row per action (``part`` = ``actions``), and one per task and chance (``part`` = ``curve``)."""
    watched = watch(gauge)
    rows: list[Row] = []
    for often, level in gauge.event_levels.items():
        for lead in (LIVES_LEAD, *MONEY_LEADS):
            task = Task(often, level, lead)
            of_actions = (PROBABILITY_FOR_LIVES,) if task.is_for_lives else RATIOS
            for chance in CHANCES:
                row = _row(gauge, watched, task, chance)
                rows.append({"part": "curve", **row})
                if chance in of_actions:
                    rows.append({"part": "actions", **row, **_bounds(watched)})
    return rows


def _row(gauge: Gauge, watched: Watched, task: Task, chance: float) -> Row:
    active = alarms(watched, task.protocol(chance))
    main = active[MOVE] if task.is_for_lives else active[ACT]
    scored = score(gauge, main, task.level, task.lead_hours)
    warned = score(gauge, main | active[GO_UP] if task.is_for_lives else main, task.level, 0.0)
    return {
        "region": gauge.region, "gauge": gauge.name, "neighbours": len(gauge.model.sensors) - 1,
        "action": "lives" if task.is_for_lives else "money", "often": task.often, "level_m": task.level,
        "lead_h": task.lead_hours, "chance": chance, **asdict(scored), "warned": warned.hits,
        "warned_hours": warned.alarm_hours,
    }  # fmt: skip


def _bounds(watched: Watched) -> Row:
    """Coverage and mean width [m] of the 90 % bounds at leads 0 to 24 h, in calm weather and in storms."""
    row: Row = {"ensembles": watched.drawn}
    for number, weather in enumerate(("calm", "storm")):
        row[f"covered_{weather}"], row[f"scored_{weather}"] = watched.covered[number], watched.scored[number]
        row[f"width_{weather}_m"] = watched.width[number] / max(watched.scored[number], 1)
    return row
