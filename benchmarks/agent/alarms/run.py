"""Rows of one gauge: the alarms of every action, and the same at every agreed chance."""

from dataclasses import asdict

from benchmarks.agent.alarms.gauges import Gauge
from benchmarks.agent.alarms.replay import Task, Watched, alarms, watch
from benchmarks.agent.alarms.scoring import score
from benchmarks.record import Row
from strandline.planning.early_action.action_value import PROBABILITY_FOR_LIVES

LIVES_LEAD = 12.0
"""Hours that an action for lives needs [h]."""
MONEY_LEADS, RATIOS = (1.0, 3.0, 6.0), (0.05, 0.1, 0.2)
"""Hours that actions for money need [h], and their cost over the avoidable loss [-]."""
CHANCES = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Agreed chances of the curve [-]."""


def rows_of(gauge: Gauge) -> list[Row]:
    """One row per action (``part`` = ``actions``), and one per task and chance (``part`` = ``curve``)."""
    tasks = tuple(
        Task(often, level, lead) for often, level in gauge.event_levels.items() for lead in (LIVES_LEAD, *MONEY_LEADS)
    )
    watched = watch(gauge, tasks)
    rows: list[Row] = []
    for number, task in enumerate(tasks):
        is_lives = task.lead_hours == LIVES_LEAD
        for chance in (PROBABILITY_FOR_LIVES,) if is_lives else RATIOS:
            rows.append({"part": "actions", **_row(gauge, watched, number, task, chance), **_bounds(watched)})
        rows += [{"part": "curve", **_row(gauge, watched, number, task, chance)} for chance in CHANCES]
    return rows


def _row(gauge: Gauge, watched: Watched, number: int, task: Task, chance: float) -> Row:
    scored = score(gauge, alarms(watched, number, chance), task.level, task.lead_hours)
    return {
        "region": gauge.region, "gauge": gauge.name, "neighbours": len(gauge.model.sensors) - 1,
        "action": "lives" if task.lead_hours == LIVES_LEAD else "money", "often": task.often, "level_m": task.level,
        "lead_h": task.lead_hours, "chance": chance, **asdict(scored),
    }  # fmt: skip


def _bounds(watched: Watched) -> Row:
    """Coverage and mean width [m] of the 90 % bounds at leads 0 to 24 h, in calm weather and in storms."""
    row: Row = {"ensembles": watched.drawn}
    for number, weather in enumerate(("calm", "storm")):
        row[f"covered_{weather}"], row[f"scored_{weather}"] = watched.covered[number], watched.scored[number]
        row[f"width_{weather}_m"] = watched.width[number] / max(watched.scored[number], 1)
    return row
