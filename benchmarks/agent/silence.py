"""``python -m benchmarks.agent --silence 1000``: does a forecast become surer because streams stop?

Random outages before and during storms of simulated coasts. Each of the four streams falls silent at an hour of its
own, within a day of the first. Two comparisons:

- *Every stream silent.* At one valid hour, the forecast of a later hour of the silence against that of an earlier one:
  the width of the bounds, the upper bound of the highest level and the probability of the storm level may not fall by
  more than ``ERRORS`` standard errors of a sample of the ensemble's size.
- *Some streams silent.* At one hour, the forecast with the outages against that with every stream. What the others hear
  may narrow and lower a single forecast, so the mean over all patterns is compared: the width may not be smaller, nor
  the probability smaller than what was forecast for the same hours before the first stream stopped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from rich.progress import Progress as ProgressBar
from rich.progress import TaskID

from benchmarks.agent.coasts import GAUGES, SERVICE, STREAMS, Coast, simulate
from benchmarks.agent.methods import storm_peaks
from benchmarks.record import Record, Row, Rows, markdown_table, print_table, read_record, write_record
from benchmarks.statistics import number
from strandline.distillation.training.loop import Progress
from strandline.observations.arrays import Floats
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS, MEMBERS
from strandline.uncertainty.assimilation.filter import Residual
from strandline.uncertainty.assimilation.forecast import forecast
from strandline.uncertainty.assimilation.sea_state import SeaState, initial_sea_state, update_sea_state

FIRST_STOP, LAST_STOP, WITHIN = -60, 0, 24
"""Hours from the storm's peak between which the first stream stops, and hours within which the others follow."""
WARM_UP = 60
SILENCES = (1, 3, 6, 12, 18, 22, 23, 24, 25, 36, 47, 60)
"""Hours after the last stream has stopped at which forecasts are compared."""
PARTLY_SILENT = (1, 3, 6, 12)
"""Hours after the first stream has stopped, while another is heard."""
ERRORS = 3.0
"""Standard errors by which a sample of the ensemble may fall."""
WIDTH_ERROR, BOUND_ERROR = 0.074, 0.17
"""Standard errors of the difference of two samples of 300: of the width between the 5 % and 95 % quantiles, relative to
it, and of the 95 % quantile, in standard deviations; for a normal distribution."""
Outage = Mapping[str, int]
"""Stream → position in the record from which it is silent."""


@dataclass(frozen=True, eq=False)
class Issue:
    """Forecast sea levels (N, 49) [m] from a position in the record on, for chances and for bounds."""

    at: int
    chances: Floats
    bounds: Floats

    def ahead(self, first: int, last: int) -> "Issue":
        """The levels at the positions from ``first`` to before ``last``."""
        part = slice(first - self.at, last - self.at)
        return Issue(first, self.chances[:, part], self.bounds[:, part])


def measure(seeds: Sequence[int], patterns: int, before: Path | None, out: Path) -> None:
    """Compare forecasts under ``patterns`` outages, spread over the coasts, and write the record.

    Args:
        before: result of an earlier belief for the same patterns.
    """
    rows: list[Row] = []
    with ProgressBar() as bar:
        for seed, of_coast in zip(seeds, np.array_split(np.arange(patterns), len(seeds)), strict=True):
            fitting, comparing = (bar.add_task(f"{seed}: {what}", total=1.0) for what in ("fit", "silence"))
            coast = simulate(seed, partial(_report, bar, fitting))
            rows += rows_of(coast, seed, of_coast.size, partial(_report, bar, comparing))
    tables: dict[str, Rows] = {} if before is None else {"before": [summarise_silence(read_record(before).rows)]}
    record = Record("agent", "simulated", {}, seeds, rows, summarise_silence(rows), tables)
    write_record(record, out, markdown(record))
    print_table(record, ("condition", "seed", "first_stop_h", "compared", "falls"))


def _report(bar: ProgressBar, task: TaskID, done: float) -> None:
    bar.update(task, completed=done)


def markdown(record: Record) -> str:
    """The summary beside that of an earlier belief."""
    earlier = record.tables.get("before", ())
    then = earlier[0] if earlier else {}
    now = summarise_silence(record.rows)
    lines: list[Row] = [{"what": name, "before": then.get(name), "now": value} for name, value in now.items()]
    return markdown_table(lines, ("what", "before", "now"))


def rows_of(coast: Coast, seed: int, patterns: int, progress: Progress | None = None) -> list[Row]:
    """One row per outage pattern; the patterns are spread over the storms of the second decade."""
    rng = np.random.default_rng([seed, 2])
    peaks = storm_peaks(coast)
    of_storm = np.array_split(np.arange(patterns), len(peaks))
    rows: list[Row] = []
    for peak, numbers in zip(peaks, of_storm, strict=True):
        heard = all_heard(coast, peak)
        for _ in numbers.tolist():
            outage = draw_outage(peak, rng)
            at: Row = {
                "condition": "now",
                "scenario": coast.name,
                "seed": seed,
                "first_stop_h": min(outage.values()) - peak,
            }
            rows.append({**at, **compare(coast, heard, outage)})
        if progress is not None:
            progress(len(rows) / patterns)
    return rows


def draw_outage(peak: int, rng: np.random.Generator) -> Outage:
    """Positions at which the streams stop, in any order."""
    first = peak + int(rng.integers(FIRST_STOP, LAST_STOP + 1))
    later = rng.permutation([0, *rng.integers(0, WITHIN + 1, len(STREAMS) - 1)])
    return {stream: first + int(hours) for stream, hours in zip(STREAMS, later, strict=True)}


def all_heard(coast: Coast, peak: int) -> dict[int, SeaState]:
    """Position → state while every stream is heard."""
    first = peak + FIRST_STOP - WARM_UP
    state = initial_sea_state(coast.model, coast.time[first].astype("datetime64[h]"))
    found = {}
    for at in range(first + 1, peak + LAST_STOP + WITHIN + 1):
        state = found[at] = hear(coast, state, at, STREAMS)
    return found


def hear(coast: Coast, state: SeaState, at: int, streams: Sequence[str]) -> SeaState:
    """The state an hour later, with what these streams give."""
    hour = coast.time[at].astype("datetime64[h]")
    readings = [
        Residual(name, hour, float(coast.residuals[number, at]))
        for number, name in enumerate(GAUGES)
        if name in streams
    ]
    issue = coast.service_forecast(at) if SERVICE in streams else None
    return update_sea_state(state, hour, readings, {} if issue is None else {SERVICE: issue})


def issue_at(coast: Coast, state: SeaState, at: int) -> Issue:
    """The forecast at a position; the state's streams are silent from its hour to this one."""
    state = update_sea_state(state, coast.time[at].astype("datetime64[h]"), [])
    issued, tide = (
        forecast(state, coast.forecast_sources, coast.spread_inflation),
        coast.tide[at : at + HORIZON_HOURS + 1],
    )
    return Issue(at, tide + issued.chances.residual, tide + issued.bounds.residual)


def compare(coast: Coast, heard: Mapping[int, SeaState], outage: Outage) -> Row:
    """Both comparisons for one pattern."""
    first, last = min(outage.values()), max(outage.values())
    state = heard[first - 1]
    before = issue_at(coast, state, first - 1)
    row: Row = {}
    for at in range(first, last):
        state = hear(coast, state, at, [stream for stream, stop in outage.items() if at < stop])
        if (hours := at - first + 1) in PARTLY_SILENT:
            row |= partly_silent(before, issue_at(coast, heard[at], at), issue_at(coast, state, at), hours, coast)
    return row | wholly_silent(coast, state, last - 1)


def partly_silent(before: Issue, with_all: Issue, with_fewer: Issue, hours: int, coast: Coast) -> Row:
    """Mean width [m] of the bounds with all streams and with fewer, and the chance of the storm level, earlier too."""
    widths = [
        float(np.subtract(*np.quantile(each.bounds, (0.95, 0.05), axis=0)).mean()) for each in (with_all, with_fewer)
    ]
    window = with_fewer.at, before.at + HORIZON_HOURS + 1
    chances = [chance(each.ahead(*window).chances, coast.event_level) for each in (before, with_fewer)]
    return {
        f"width_all_{hours}h": widths[0], f"width_fewer_{hours}h": widths[1],
        f"chance_before_{hours}h": chances[0], f"chance_fewer_{hours}h": chances[1],
    }  # fmt: skip


def wholly_silent(coast: Coast, state: SeaState, last: int) -> Row:
    """Comparisons between hours of the silence after position ``last``, falls, and the largest fall of each kind."""
    compared = falls = 0
    largest = {"chance": 0.0, "bound_m": 0.0, "width_m": 0.0}
    earlier = issue_at(coast, state, last)
    for hours in SILENCES:
        later = issue_at(coast, state, last + hours)
        window = later.at, earlier.at + HORIZON_HOURS + 1
        one, other = earlier.ahead(*window), later.ahead(*window)
        fall, allowed = falls_between(one, other, coast.event_level)
        compared += 1
        falls += any(fall[kind] > ERRORS * allowed[kind] + 1e-9 for kind in fall)
        largest = {kind: max(largest[kind], fall[kind]) for kind in fall}
        earlier = later
    return {"compared": compared, "falls": falls, **{f"largest_fall_{kind}": size for kind, size in largest.items()}}


def falls_between(one: Issue, other: Issue, storm_level: float) -> tuple[dict[str, float], dict[str, float]]:
    """Fall of the chance [-], of the bound [m] and of the width [m] from one sample to another, and standard errors."""
    chances = [chance(each.chances, storm_level) for each in (one, other)]
    bounds = [float(np.quantile(each.bounds.max(axis=1), 0.95)) for each in (one, other)]
    widths = [float(np.subtract(*np.quantile(each.bounds, (0.95, 0.05), axis=0)).mean()) for each in (one, other)]
    pairs = {"chance": chances, "bound_m": bounds, "width_m": widths}
    allowed = {
        "chance": float(np.sqrt(2 * max(chances[0] * (1 - chances[0]), 1 / MEMBERS) / MEMBERS)),
        "bound_m": BOUND_ERROR * float(one.bounds.max(axis=1).std()),
        "width_m": WIDTH_ERROR * widths[0],
    }
    return {kind: before - after for kind, (before, after) in pairs.items()}, allowed


def chance(level: Floats, storm_level: float) -> float:
    """Share of the members that reach the storm level."""
    return float((level.max(axis=1) >= storm_level).mean())


def summarise_silence(rows: Rows) -> Row:
    """Falls while every stream is silent, and mean differences beyond ``ERRORS`` standard errors while some are."""
    if not rows:
        return {}
    summary: Row = {
        "patterns": len(rows),
        "comparisons": sum(int(number(row, "compared")) for row in rows),
        "falls": sum(int(number(row, "falls")) for row in rows),
        "patterns_with_a_fall": sum(bool(row["falls"]) for row in rows),
    }
    for kind in ("chance", "bound_m", "width_m"):
        summary[f"largest_fall_{kind}"] = max(number(row, f"largest_fall_{kind}") for row in rows)
    narrower = lower = 0
    for hours in PARTLY_SILENT:
        chosen = [row for row in rows if f"width_all_{hours}h" in row]
        all_heard, fewer, before, after = (
            np.array([number(row, f"{name}_{hours}h") for row in chosen])
            for name in ("width_all", "width_fewer", "chance_before", "chance_fewer")
        )
        summary[f"width_ratio_{hours}h_after_the_first_stop"] = float(fewer.mean() / all_heard.mean())
        summary[f"chance_change_{hours}h_after_the_first_stop"] = float((after - before).mean())
        narrower += _falls(all_heard, fewer)
        lower += _falls(before, after)
    return summary | {"narrower_with_fewer_streams": narrower, "chance_lower_after_a_stop": lower}


def _falls(before: Floats, after: Floats) -> bool:
    """Whether the mean falls by more than ``ERRORS`` standard errors."""
    change = after - before
    return bool(change.mean() < -ERRORS * change.std(ddof=1) / np.sqrt(change.size) - 1e-9)
