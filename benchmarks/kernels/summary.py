"""What the rows say: mean scores, paired differences with intervals, concentration and times."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from benchmarks.kernels.contest import ALIGNMENTS, CONTROL, QUANTUM, Row
from benchmarks.kernels.speed import POINTS, QUBITS
from benchmarks.record import Record, Value, markdown_table
from benchmarks.statistics import Interval, paired_bootstrap

Scores = dict[str, list[float]]
DRAWS = 4000
LIMIT_S = 0.1
"""Of the processor, within which the entangling Gram matrix and its gradient have to be there."""


def summarise(rows: Sequence[Row]) -> dict[str, Value]:
    """Every quoted number, by a name that says task, test and kernel."""
    summary: dict[str, Value] = {}
    for task, test in tests_of(rows):
        found = scores_of(rows, task, test)
        for kernel, scores in found.items():
            summary[f"{task} {test} {kernel}"] = float(np.mean([np.mean(values) for values in scores.values()]))
        for kernel, other in [(kernel, CONTROL) for kernel in ALIGNMENTS] + [(kernel, "rbf") for kernel in QUANTUM]:
            if kernel in found and other in found:
                gain = difference(found[kernel], found[other])
                name = f"{task} {test} {kernel} − {other}"
                summary |= {name: gain.mean, f"{name} low": gain.low, f"{name} high": gain.high}
    for task in dict.fromkeys(task for task, _ in tests_of(rows)):
        for kernel in (CONTROL, *ALIGNMENTS):
            seconds = [float(str(row["seconds"])) for row in rows if (row["task"], row["kernel"]) == (task, kernel)]
            if seconds:
                summary[f"{task} {kernel} seconds"] = float(np.mean(seconds))
    return summary | _concentration(rows) | _times(rows)


def tests_of(rows: Iterable[Row]) -> list[tuple[str, str]]:
    """Tasks and tests that results are read from, in the order of the rows."""
    learned = (row for row in rows if row["task"] in ("delta", "floods") and row["test"] not in ("high", "recipe"))
    return list(dict.fromkeys((str(row["task"]), str(row["test"])) for row in learned))


def scores_of(rows: Iterable[Row], task: str, test: str) -> dict[str, Scores]:
    """Kernel → place → scores in the order of the seeds."""
    found: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    here = [row for row in rows if row["task"] == task and row.get("test") == test]
    for row in sorted(here, key=lambda row: int(str(row["seed"]))):
        found[str(row["kernel"])][str(row["place"])].append(float(str(row["score"])))
    return {kernel: dict(found[kernel]) for kernel in (CONTROL, *ALIGNMENTS) if kernel in found}


def difference(ours: Scores, theirs: Scores) -> Interval:
    """Of two kernels at the same places and seeds, with its interval over places and then seeds."""
    return paired_bootstrap({place: np.subtract(ours[place], theirs[place]) for place in ours}, DRAWS, seed=0)


def markdown(record: Record, command: str) -> str:
    """Scores by kernel, the choices made on recipe places, concentration and times, under the command."""
    parts = [f"    {command}\n"]
    for task, test in tests_of(record.rows):
        where = "simulated coasts" if task == "delta" else "real chips"
        found = scores_of(record.rows, task, test)
        parts.append(f"IoU on `{task}`, test `{test}`: {len(found[CONTROL])} {where}, means and 95 % intervals.\n")
        lines = [_line(record, task, test, kernel) for kernel in found]
        parts.append(markdown_table(lines, list(lines[-1])))
    tables = {
        "Standard deviation of the off-diagonal entries by number of qubits.\n": _concentration_table(record.rows),
        f"Gram matrix of {POINTS} points on {QUBITS} qubits, double precision, one thread.\n": _time_table(record.rows),
    }
    for title, lines in tables.items():
        if lines:
            parts += [title, markdown_table(lines, list(lines[0]))]
    return "\n".join(parts)


def _line(record: Record, task: str, test: str, kernel: str) -> dict[str, Value]:
    summary, name = record.summary, f"{task} {test} {kernel}"
    here = [row for row in record.rows if (row["task"], row.get("test"), row["kernel"]) == (task, test, kernel)]
    bandwidths = sorted({float(str(row["bandwidth"])) for row in here if row["bandwidth"] is not None})
    line: dict[str, Value] = {"kernel": kernel, "IoU": summary[name]}
    for other in (CONTROL, "rbf"):
        mean, low, high = (summary.get(f"{name} − {other}{end}") for end in ("", " low", " high"))
        line[f"minus {other}"] = None if mean is None else f"{mean:+.4f} ({low:+.4f} to {high:+.4f})"
    line["weight"] = here[0]["weight"]
    line["bandwidth"] = " to ".join(f"{end:.2g}" for end in dict.fromkeys(bandwidths[:1] + bandwidths[-1:])) or None
    line["CPU seconds"] = summary[f"{task} {kernel} seconds"]
    return line


def _concentration(rows: Iterable[Row]) -> dict[str, Value]:
    return {
        f"concentration {row['points']} {row['kernel']} {row['qubits']}": row["score"]
        for row in rows
        if row["task"] == "concentration" and row["qubits"] in (2, 8, 12)
    }


def _times(rows: Iterable[Row]) -> dict[str, Value]:
    timed = [row for row in rows if row["task"] == "time"]
    found: dict[str, Value] = {f"time {row['kernel']} {row['what']}": row["seconds"] for row in timed}
    ours = found.get("time quantum_zz gram and gradient")
    if ours is not None:
        found[f"time quantum_zz gram and gradient within {LIMIT_S:g} CPU s"] = float(str(ours)) <= LIMIT_S
        gram = float(str(found["time quantum_zz gram"]))
        for peer in [name for name in found if "PennyLane" in name]:
            found[f"{peer}, times ours"] = float(str(found[peer])) / gram
    return found


def _concentration_table(rows: Iterable[Row]) -> list[dict[str, Value]]:
    lines: defaultdict[tuple[str, str], dict[str, Value]] = defaultdict(dict)
    for row in rows:
        if row["task"] == "concentration":
            points, kernel = str(row["points"]), str(row["kernel"])
            lines[points, kernel] |= {"points, bandwidth": points, "kernel": kernel, str(row["qubits"]): row["score"]}
    return [lines[key] for key in sorted(lines)]


def _time_table(rows: Iterable[Row]) -> list[dict[str, Value]]:
    return [
        {
            "kernel": row["kernel"],
            "what": row["what"],
            "CPU seconds": row["seconds"],
            "by the clock": row["wall_seconds"],
            "greatest difference from ours": row["score"],
        }
        for row in rows
        if row["task"] == "time"
    ]
