"""Caorle, November 2022, lived again through the real gauges: what was believed and proposed, and how long before."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.dates import DateFormatter

from benchmarks.record import Value
from strandline.distillation.training.loop import Progress
from strandline.observations.region_file import load_region_file
from strandline.pipeline.deployment import load_deployment
from strandline.pipeline.study_area import open_study_area
from strandline.watch.service import hours_between, open_watch, replayed_feeds

START, END = datetime(2022, 11, 16), datetime(2022, 11, 25)
LEADS = (1, 3, 6, 12, 24)


def rows_of(
    region: Path, data: Path, run: Path, store: Path, progress: Progress | None = None
) -> list[dict[str, Value]]:
    """A row an hour: the belief, how its bounds held, and what was started or stopped.

    Args:
        run: folder of a finished run of the region; ``store``: a new database.
    """
    place, deployment = open_study_area(load_region_file(region, data)), load_deployment(run)
    gauge = place.observations.require_gauge()
    came = pd.Series(gauge["water_level"].values[0], index=pd.DatetimeIndex(gauge["time"].values))
    came = came[gauge["quality"].values[0] == 0]
    watch = open_watch(run, place, partial(replayed_feeds, place, deployment, START, END), store)
    rows: list[dict[str, Value]] = []
    hours = list(hours_between(START, END))
    for number, hour in enumerate(hours):
        decisions = watch.step(hour) or []
        believed = watch.store.read.forecast()
        assert believed is not None
        sea = {row.lead_hours: row for row in believed.rows if row.variable == "water_level"}
        moments = {lead: pd.Timestamp(hour + timedelta(hours=lead)) for lead in LEADS}
        known = {lead: float(came[moment]) for lead, moment in moments.items() if moment in came.index}
        day = next(row for row in believed.rows if row.variable == "highest_water_level" and row.lead_hours == 24)
        rows.append({
            "scenario": "Caorle, November 2022", "condition": "all", "policy": "strandline", "hour": hour.isoformat(),
            "level_p50": sea[0.0].p50, "level_observed": _number(came.get(pd.Timestamp(hour))),
            "highest_p05": day.p05, "highest_p50": day.p50, "highest_p95": day.p95,
            "covered": sum(sea[float(lead)].p05 <= level <= sea[float(lead)].p95 for lead, level in known.items()),
            "scored": len(known),
            "starts": ", ".join(one.action for one in decisions if one.change == "start"),
            "stops": ", ".join(one.action for one in decisions if one.change == "stop"),
        })  # fmt: skip
        if progress is not None:
            progress((number + 1) / len(hours))
    watch.store.close()
    return rows


def summarise(rows: Sequence[Mapping[str, Value]], came_at: str) -> dict[str, Value]:
    """Coverage, and for each action the hours between its last start and the peak.

    Args:
        came_at: hour of the highest observed level.
    """
    peak = datetime.fromisoformat(came_at)
    summary: dict[str, Value] = {
        "caorle/coverage_90": sum(int(str(row["covered"])) for row in rows)
        / sum(int(str(row["scored"])) for row in rows),
        "caorle/peak": came_at,
    }
    for action in sorted({name for row in rows for name in str(row["starts"]).split(", ") if name}):
        starts = [datetime.fromisoformat(str(row["hour"])) for row in rows if action in str(row["starts"]).split(", ")]
        before = [start for start in starts if start <= peak]
        if before:
            summary[f"caorle/lead_h/{action}"] = (peak - max(before)) / timedelta(hours=1)
    for ahead in (24, 12, 6, 3):
        row = next(row for row in rows if datetime.fromisoformat(str(row["hour"])) == peak - timedelta(hours=ahead))
        summary[f"caorle/peak_foreseen/{ahead}h"] = (
            f"{row['highest_p50']:.2f} ({row['highest_p05']:.2f} to {row['highest_p95']:.2f})"
        )
    return summary


def highest(rows: Sequence[Mapping[str, Value]]) -> str:
    """The hour of the highest observed level."""
    levels = [float(str(row["level_observed"])) if row["level_observed"] is not None else -np.inf for row in rows]
    return str(rows[int(np.argmax(levels))]["hour"])


def draw(rows: Sequence[Mapping[str, Value]], path: Path) -> None:
    """The sea that came, the highest one that was believed of the next day, and what was started when."""
    time = [datetime.fromisoformat(str(row["hour"])) for row in rows]
    low, middle, high, came = (
        np.array([np.nan if row[key] is None else float(str(row[key])) for row in rows])
        for key in ("highest_p05", "highest_p50", "highest_p95", "level_observed")
    )
    figure, axes = plt.subplots(figsize=(10, 4.6), layout="constrained")
    axes.fill_between(time, low, high, color="#56B4E9", alpha=0.35, lw=0, label="highest sea of the next 24 h (90 %)")
    axes.plot(time, middle, color="#0072B2", lw=1.2, ls="--", label="its median")
    axes.plot(time, came, color="black", lw=1.4, label="sea that came, Diga Sud Lido")
    top = float(np.nanmax(high))
    running: dict[str, datetime] = {}
    spans: list[tuple[str, datetime, datetime]] = []
    for row, moment in zip(rows, time, strict=True):
        running |= {name: moment for name in str(row["starts"]).split(", ") if name}
        spans += [(name, running.pop(name), moment) for name in str(row["stops"]).split(", ") if name in running]
    spans += [(name, start, time[-1]) for name, start in running.items()]
    names = list(dict.fromkeys(name for name, _, _ in spans))
    step = 0.09 * (top + 0.6)
    for name, start, end in spans:
        height = top + step * (1 + names.index(name))
        axes.plot([start, end], [height, height], color="#D55E00", lw=4, solid_capstyle="butt")
        axes.annotate(name.replace("_", " "), (start, height), xytext=(3, 4), textcoords="offset points", fontsize=8)
    axes.set(ylabel="m above mean sea level", xlim=(time[0], time[-1]), ylim=(-0.7, top + step * (len(names) + 1.5)))
    axes.xaxis.set_major_formatter(DateFormatter("%d %b"))
    axes.legend(loc="upper left", bbox_to_anchor=(0, 0.6), fontsize=8, frameon=False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _number(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
