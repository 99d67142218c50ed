"""From rows to a summary, a table and a figure: IoU gained at a coast and lost on other coasts, by method."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.record import Record, Row, Rows, Value, markdown_table, summary_table
from benchmarks.statistics import bootstrap_ratio, number, rows_by, scores_by
from strandline.report.figures.style import BLUE, GREEN, GREY, INK, ORANGE, RULE, VERMILION, new_figure, style_rc

Points = dict[tuple[str, float], tuple[float, float]]
"""Method and strength → IoU gained at the coast and lost on other coasts."""
DRAWS = 4000
GAIN_KEPT, LOSS_LEFT = 0.9, 0.2
"""Targets: share of the gain of free fine-tuning that a method keeps, and share of its loss that is left."""
COLOURS = {
    "free": INK,
    "ewc": BLUE,
    "l2_sp": ORANGE,
    "mas": GREEN,
    "lwf": GREY,
    "replay": VERMILION,
    "ewc+replay": "#cc79a7",
}


def summarise(rows: Rows) -> Row:
    """Gain and loss of free fine-tuning, and each method's share of both at the strength chosen on tuning coasts."""
    summary: Row = {}
    for name in ("tuning", "test"):
        found = points(rows, name)
        if found:
            gain, loss = found["free", 0.0]
            summary |= {f"{name} free gain": gain, f"{name} free loss": loss}
    test = [row for row in rows if row["set"] == "test"]
    for method, strength in chosen_strengths(rows).items():
        summary[f"{method} strength"] = strength
        ours, free = (
            [row for row in test if (row["method"], row["strength"]) == key]
            for key in ((method, strength), ("free", 0.0))
        )
        if not ours:
            continue
        for name, change in (("gain", local_gain), ("loss", loss_on_others)):
            share = bootstrap_ratio(scores_by(ours, "coast", change), scores_by(free, "coast", change), DRAWS, seed=0)
            summary |= share.entries(f"{method} share of free {name}")
        kept, left = (number(summary, f"{method} share of free {name}") for name in ("gain", "loss"))
        summary[f"{method} holds"] = kept >= GAIN_KEPT and left <= LOSS_LEFT
    return summary


def chosen_strengths(rows: Rows) -> dict[str, float]:
    """Method → strength with the smallest loss among those that keep 90 % of the free gain on the tuning coasts.

    Where no strength keeps 90 %, the one with the largest gain.
    """
    found = points(rows, "tuning")
    if not found:
        return {}
    free_gain = found["free", 0.0][0]
    chosen = {}
    for method in dict.fromkeys(name for name, _ in found if name != "free"):
        of_method = {strength: point for (name, strength), point in found.items() if name == method}
        enough = [strength for strength, (gain, _) in of_method.items() if gain >= GAIN_KEPT * free_gain]
        chosen[method] = (
            min(enough, key=lambda strength: of_method[strength][1])
            if enough
            else max(of_method, key=lambda strength: of_method[strength][0])
        )
    return chosen


def points(rows: Rows, name: str) -> Points:
    """Mean gain and loss over the coasts and seeds of one set, ``tuning`` or ``test``."""
    of_set = rows_by((row for row in rows if row["set"] == name), "method", "strength")
    return {
        (str(method), float(str(strength))): (
            float(np.mean([local_gain(row) for row in of_point])),
            float(np.mean([loss_on_others(row) for row in of_point])),
        )
        for (method, strength), of_point in of_set.items()
    }


def local_gain(row: Mapping[str, Value]) -> float:
    """IoU gained at the coast."""
    return number(row, "local_after") - number(row, "local_before")


def loss_on_others(row: Mapping[str, Value]) -> float:
    """IoU lost on the other coasts."""
    return number(row, "others_before") - number(row, "others_after")


def markdown(record: Record) -> str:
    """Means by method and strength, and the summary."""
    chosen = chosen_strengths(record.rows)
    found = {name: points(record.rows, name) for name in ("tuning", "test")}
    lines: list[Row] = []
    for method, strength in dict.fromkeys([*found["test"], *found["tuning"]]):
        line: Row = {"method": method, "strength": strength}
        line["chosen"] = "*" if chosen.get(method) == strength else ""
        for name, of_set in found.items():
            if (method, strength) in of_set:
                line[f"{name} gain"], line[f"{name} loss"] = of_set[method, strength]
        lines.append(line)
    columns = ["method", "strength", "chosen", "tuning gain", "tuning loss", "test gain", "test loss"]
    return (
        "IoU gained on the coast and lost on others, means over coasts and seeds; simulated coasts. "
        f"Strengths (*) are chosen on the tuning coasts.\n\n{markdown_table(lines, columns)}\n"
        f"{summary_table(record.summary)}"
    )


def draw_frontier(rows: Rows, out: Path) -> None:
    """Draw local gain against loss on other coasts on the test coasts, one line per method through its strengths."""
    found = points(rows, "test")
    gain, loss = found["free", 0.0]
    chosen = chosen_strengths(rows)
    with style_rc("forgetting"):
        figure = new_figure(7.4, 4.6)
        axes = figure.subplots()
        axes.axhline(0, color=RULE, zorder=0)
        axes.axvline(0, color=RULE, zorder=0)
        axes.plot(loss, gain, marker="*", markersize=14, color=COLOURS["free"], linestyle="none", label="free")
        for method in dict.fromkeys(name for name, _ in found if name != "free"):
            at = sorted((strength, point) for (name, strength), point in found.items() if name == method)
            line = [(point[1], point[0]) for _, point in at]
            axes.plot(*zip(*line, strict=True), color=COLOURS[method], marker="o", markersize=4.5, label=method)
            if method in chosen and (method, chosen[method]) in found:
                best = found[method, chosen[method]]
                axes.plot(best[1], best[0], "o", markersize=10, markerfacecolor="none", color=COLOURS[method])
        left, _ = axes.get_xlim()
        _, top = axes.get_ylim()
        axes.fill_between(
            [left, LOSS_LEFT * loss], GAIN_KEPT * gain, top, color=RULE, alpha=0.5, zorder=-1, linewidth=0
        )
        axes.text(left, top, " nine tenths of the gain,\n a fifth of the loss", va="top", fontsize=9)
        axes.set_xlim(left=left)
        axes.set_ylim(top=top)
        axes.set_xlabel("forgotten: IoU lost on other coasts")
        axes.set_ylabel("IoU gained at the coast")
        axes.legend(loc="lower right")
        out.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(out, dpi=130)
