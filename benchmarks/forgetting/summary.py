"""From rows to the frontier: the strength chosen on recipe coasts, and what it gains and forgets on the test coasts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.record import Record, Value, markdown_table
from benchmarks.statistics import Groups, bootstrap_ratio
from strandline.report.figures.style import BLUE, GREEN, GREY, INK, ORANGE, RULE, VERMILION, new_figure, style_rc

Row = Mapping[str, Value]
Points = dict[tuple[str, float], tuple[float, float]]
DRAWS = 4000
GAIN_KEPT, LOSS_LEFT = 0.9, 0.2
"""The bars: of free fine-tuning's local gain, and of what it loses on other coasts."""
COLOURS = {
    "free": INK,
    "ewc": BLUE,
    "l2_sp": ORANGE,
    "mas": GREEN,
    "lwf": GREY,
    "replay": VERMILION,
    "ewc+replay": "#cc79a7",
}


def summarise(rows: Sequence[Row]) -> dict[str, Value]:
    """What free fine-tuning gains and loses, and each method's share of both at the strength of the recipe coasts."""
    summary: dict[str, Value] = {}
    for name in ("recipe", "test"):
        if not any(row["set"] == name for row in rows):
            continue
        gain, loss = points(rows, name)["free", 0.0]
        summary |= {f"{name} free gain": gain, f"{name} free loss": loss}
    chosen = chosen_strengths(rows)
    for method, strength in chosen.items():
        summary[f"{method} strength"] = strength
        for which in ("gain", "loss"):
            ours, free = (_groups(rows, key, which) for key in ((method, strength), ("free", 0.0)))
            if not ours:
                continue
            share = bootstrap_ratio(ours, free, DRAWS, seed=0)
            summary |= {
                f"{method} share of free {which}": share.mean,
                f"{method} share of free {which} low": share.low,
                f"{method} share of free {which} high": share.high,
            }
        if f"{method} share of free gain" in summary:
            kept, left = (float(str(summary[f"{method} share of free {which}"])) for which in ("gain", "loss"))
            summary[f"{method} holds"] = kept >= GAIN_KEPT and left <= LOSS_LEFT
    return summary


def chosen_strengths(rows: Sequence[Row]) -> dict[str, float]:
    """On the recipe coasts: of those strengths that keep nine tenths of the gain the one that forgets least.

    Where none does, the one that gains most.
    """
    found = points(rows, "recipe")
    if not found:
        return {}
    free = found["free", 0.0][0]
    chosen = {}
    for method in dict.fromkeys(name for name, _ in found if name != "free"):
        of = {strength: point for (name, strength), point in found.items() if name == method}
        enough = [strength for strength, (gain, _) in of.items() if gain >= GAIN_KEPT * free]
        chosen[method] = (
            min(enough, key=lambda strength: of[strength][1]) if enough else max(of, key=lambda at: of[at][0])
        )
    return chosen


def points(rows: Sequence[Row], name: str) -> Points:
    """(method, strength) → local gain and loss elsewhere, IoU, means over coasts and seeds."""
    found: dict[tuple[str, float], list[tuple[float, float]]] = defaultdict(list)
    for row in rows:
        if row["set"] == name:
            found[str(row["method"]), float(str(row["strength"]))].append((_change(row, "gain"), _change(row, "loss")))
    return {key: (float(np.mean([p[0] for p in of])), float(np.mean([p[1] for p in of]))) for key, of in found.items()}


def markdown(record: Record, command: str) -> str:
    """A table of means a method and strength, and the summary, under the command that made them."""
    rows = record.rows
    chosen = chosen_strengths(rows)
    lines: list[dict[str, Value]] = []
    of = {name: points(rows, name) for name in ("recipe", "test")}
    for method, strength in dict.fromkeys([*of["test"], *of["recipe"]]):
        line: dict[str, Value] = {"method": method, "strength": strength}
        line["chosen"] = "*" if chosen.get(method) == strength else ""
        for name, found in of.items():
            if (method, strength) in found:
                line[f"{name} gain"], line[f"{name} loss"] = found[method, strength]
        lines.append(line)
    columns = ["method", "strength", "chosen", "recipe gain", "recipe loss", "test gain", "test loss"]
    quoted = [{"what": what, "value": value} for what, value in record.summary.items()]
    return (
        f"    {command}\n\nIoU gained here and lost elsewhere, means over coasts and seeds; simulated coasts. "
        f"Strengths (*) are chosen on the recipe coasts.\n\n{markdown_table(lines, columns)}\n"
        f"{markdown_table(quoted, ['what', 'value'])}"
    )


def draw_frontier(rows: Sequence[Row], out: Path) -> None:
    """Local gain against loss elsewhere on the test coasts, a line a method through its strengths."""
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
        axes.set_ylabel("learned: IoU gained at the coast")
        axes.legend(loc="lower right")
        out.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(out, dpi=130)


def _groups(rows: Sequence[Row], key: tuple[str, float], which: str) -> Groups[int]:
    """Coast → change of each seed on the test coasts."""
    found: dict[int, list[float]] = defaultdict(list)
    for row in sorted(rows, key=lambda r: int(str(r["seed"]))):
        if row["set"] == "test" and (row["method"], row["strength"]) == key:
            found[int(str(row["coast"]))].append(_change(row, which))
    return {coast: np.array(values) for coast, values in found.items()}


def _change(row: Row, which: str) -> float:
    """``gain`` here, or ``loss`` elsewhere."""
    if which == "gain":
        return float(str(row["local_after"])) - float(str(row["local_before"]))
    return float(str(row["others_before"])) - float(str(row["others_after"]))
