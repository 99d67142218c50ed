"""``python -m benchmarks.agent --late-warnings --out OUT.json``: are people warned in time when a flood is near?

Made-up ensembles of one event whose onset comes nearer hour by hour: certain or uncertain about its time, more or less
probable, seen for the first time 4 to 36 hours before. All of it is above the agreed chance, and the event comes at its
expected time: nobody may be left without a warning.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from scipy.stats import norm

from benchmarks.agent.alarms.rules import GO_UP, MOVE, Task
from benchmarks.record import Record, Row, Rows, Value, markdown_table, print_table, read_record, write_record
from benchmarks.statistics import rows_by
from strandline.observations.arrays import Floats
from strandline.planning.early_action.indicators import findings
from strandline.planning.early_action.streams import forecast_stream
from strandline.planning.early_action.trigger_constants import FORECAST, PROBABILITY_FOR_LIVES
from strandline.planning.early_action.triggers import PhaseState, signals_of, step
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS, MEMBERS

ONSETS = (4, 8, 10, 12, 18, 24, 36)
"""Hours to the event when it is first forecast [h]."""
SPREADS = (0.0, 3.0, 5.0, 8.0)
"""Standard deviations of its time [h]."""
PROBABILITIES = (0.3, 0.6, 0.9, 1.0)
CLEARANCE_HOURS = 12
"""Hours that moving everyone takes [h]."""
EVENT_LEVEL, CALM_LEVEL, FLOOD_LEVEL, FLOOD_HOURS = 1.0, 0.0, 2.0, 6
"""Levels of the event, before and after it, and during it [m], and its duration [h]."""
FIRST = np.datetime64("2001-01-01T00", "ns")
"""Hour of the first forecast, UTC."""

SpreadLater = Literal["falls", "stays"]
Warning = Literal["move", "go up"]
Rule = Callable[[Floats, int], Warning | None]
"""Levels (N, 49) [m] from now on, and hours since the first forecast → what people are asked to do from now on."""
Outcome = Literal["moved in time", "moved too late", "told to go up", "nothing"]
OUTCOMES: tuple[Outcome, ...] = ("moved in time", "told to go up", "moved too late", "nothing")
COLUMNS = ("onset_h", "spread_h", "spread_later", "probability", "before", "outcome", "lead_h")


@dataclass(frozen=True)
class Approach:
    """An event that comes nearer.

    Attributes:
        onset_h: hours to it at the first forecast; ``spread_h``: standard deviation of its time then [h].
        spread_later: whether the spread falls in proportion to the time left, or stays.
        probability: of the event, at every hour until it comes [-].
    """

    onset_h: int
    spread_h: float
    spread_later: SpreadLater
    probability: float


def approaches() -> Iterator[Approach]:
    """Every combination; where the time is certain there is no spread to fall."""
    spreads: Sequence[SpreadLater] = ("falls", "stays")
    for onset in ONSETS:
        for spread in SPREADS:
            for later in spreads if spread else spreads[1:]:
                for probability in PROBABILITIES:
                    yield Approach(onset, spread, later, probability)


def levels_at(approach: Approach, hour: int) -> Floats:
    """(N, 49) sea levels [m] of the ensemble so many hours after the first forecast, before the onset.

    Members hold the evenly spaced quantiles of the onset, given that it has not come yet.
    """
    left = approach.onset_h - hour
    spread = approach.spread_h * (left / approach.onset_h if approach.spread_later == "falls" else 1.0)
    count = round(approach.probability * MEMBERS)
    onset = np.full(count, float(left))
    if spread > 0:
        past = norm.cdf(-left / spread)  # of the times before now
        onset = left + spread * norm.ppf(past + (1 - past) * (np.arange(count) + 0.5) / count)
    lead = np.arange(HORIZON_HOURS + 1)
    since = lead - onset[:, None]  # (count, 49)
    levels = np.full((MEMBERS, lead.size), CALM_LEVEL)
    levels[:count][(since >= 0) & (since < FLOOD_HOURS)] = FLOOD_LEVEL
    return levels


def classify(new_rule: Callable[[], Rule], approach: Approach) -> tuple[Outcome, int | None]:
    """What people are asked to do before the onset, and how many hours before it they are first asked to move, or up.

    Args:
        new_rule: a rule that has seen nothing yet; it is asked at every hour, in order.
    """
    rule = new_rule()
    asked = [(approach.onset_h - hour, rule(levels_at(approach, hour), hour)) for hour in range(approach.onset_h)]
    moves = [lead for lead, warning in asked if warning == "move"]
    ups = [lead for lead, warning in asked if warning == "go up"]
    if moves and moves[0] >= CLEARANCE_HOURS:
        return "moved in time", moves[0]
    if ups:
        return "told to go up", ups[0]
    return ("moved too late", moves[0]) if moves else ("nothing", None)


def watch_rule() -> Rule:
    """The rule of the plan, the hindcast and the watch for lives."""
    protocol = Task(1.0, EVENT_LEVEL, float(CLEARANCE_HOURS)).protocol(PROBABILITY_FOR_LIVES)
    phases: dict[str, PhaseState] = {}

    def rule(levels: Floats, hour: int) -> Warning | None:
        now = FIRST + np.timedelta64(hour, "h")
        history = {FORECAST: forecast_stream(now, levels, True)}
        clock = np.array([now - np.timedelta64(1, "h"), now])
        found = {name: findings(one, history, clock) for name, one in protocol.indicators.items()}
        signals = {phase.name: signals_of(phase, protocol, found, clock) for phase in protocol.phases}
        phases.update(step(protocol, phases, signals, 1, now))
        if phases[GO_UP].active:
            return "go up"
        return "move" if phases[MOVE].active else None

    return rule


def rows_of(new_rule: Callable[[], Rule], before: Rows = ()) -> list[Row]:
    """One row per approach; ``before``: rows of an earlier rule, whose outcomes are kept beside."""
    names = tuple(Approach.__dataclass_fields__)
    earlier = {key: group[0] for key, group in rows_by(before, *names).items()}
    rows: list[Row] = []
    for approach in approaches():
        outcome, lead = classify(new_rule, approach)
        old = earlier.get(tuple(asdict(approach).values()))
        rows.append({
            **asdict(approach), "outcome": outcome, "lead_h": lead, "before": None if old is None else old["outcome"],
        })  # fmt: skip
    return rows


def summarise(rows: Rows) -> Row:
    """Number of each outcome, now and before."""
    summary: Row = {"cases": len(rows)}
    for what in ("before", "outcome"):
        if any(row[what] is not None for row in rows):
            for outcome in OUTCOMES:
                summary[f"{'after' if what == 'outcome' else what}/{outcome}"] = sum(
                    row[what] == outcome for row in rows
                )
    return summary


def markdown(record: Record) -> str:
    """The outcomes by time of onset and spread, and the rows."""
    short: Mapping[Value, str] = dict(zip(OUTCOMES, ("in time", "up", "late", "nothing"), strict=True))
    table: list[Row] = []
    for (onset, spread), group in rows_by(record.rows, "onset_h", "spread_h").items():
        line: Row = {"onset in [h]": onset, "± [h]": spread}
        for what, title in (("before", "before"), ("outcome", "now")):
            found = [short[row[what]] for row in group if row[what] is not None]
            line[title] = ", ".join(f"{found.count(name)} {name}" for name in short.values() if name in found)
        table.append(line)
    return (
        f"Moving takes {CLEARANCE_HOURS} h. Cases by probability "
        f"({', '.join(f'{each:g}' for each in PROBABILITIES)}) and by whether the spread falls or stays.\n\n"
        f"{markdown_table(table, tuple(table[0]))}\n{markdown_table(record.rows, COLUMNS)}"
    )


def measure(before: Path | None, out: Path) -> None:
    """Ask the rule of the watch in every case, and write the record."""
    rows = rows_of(watch_rule, () if before is None else read_record(before).rows)
    record = Record("agent.alarms", "simulated", {}, [], rows, summarise(rows))
    write_record(record, out, markdown(record))
    print_table(record, COLUMNS)
