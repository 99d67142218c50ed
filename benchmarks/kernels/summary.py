"""From rows to a summary and a table: mean scores, paired differences, concentration, and times."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from benchmarks.kernels.methods import ALIGNMENTS, CONTROL, QUANTUM
from benchmarks.kernels.speed import POINTS, QUBITS
from benchmarks.record import Record, Row, Rows, Value, markdown_table
from benchmarks.statistics import (
    Interval,
    mean_over_groups,
    number,
    paired_bootstrap,
    paired_differences,
    rows_by,
    scores_by,
)

Scores = dict[Value, list[float]]
"""Coast or event → scores in the order of the seeds."""
DRAWS = 4000
LIMIT_S = 0.1
"""Target: CPU seconds of the Gram matrix of the entangling kernel with its gradient."""


def summarise(rows: Rows) -> Row:
    """All quoted numbers, named by task, test and kernel."""
    summary: Row = {}
    tests = tests_of(rows)
    for task, test in tests:
        found = scores_of(rows, task, test)
        for kernel, scores in found.items():
            summary[f"{task} {test} {kernel}"] = mean_over_groups(scores)
        for kernel, other in [(kernel, CONTROL) for kernel in ALIGNMENTS] + [(kernel, "rbf") for kernel in QUANTUM]:
            if kernel in found and other in found:
                summary |= difference(found[kernel], found[other]).entries(f"{task} {test} {kernel} − {other}")
    for task in dict.fromkeys(task for task, _ in tests):
        for kernel in (CONTROL, *ALIGNMENTS):
            seconds = [number(row, "seconds") for row in rows if (row["task"], row["kernel"]) == (task, kernel)]
            if seconds:
                summary[f"{task} {kernel} seconds"] = mean_over_groups({kernel: seconds})
    return summary | _concentration(rows) | _times(rows)


def tests_of(rows: Iterable[Mapping[str, Value]]) -> list[tuple[str, str]]:
    """Tasks and tests that results are read from, in the order of the rows."""
    reported = (row for row in rows if row["task"] in ("delta", "floods") and row["test"] not in ("high", "tuning"))
    return list(dict.fromkeys((str(row["task"]), str(row["test"])) for row in reported))


def scores_of(rows: Rows, task: str, test: str) -> dict[str, Scores]:
    """Kernel → scores by coast or event."""
    by_kernel = rows_by((row for row in rows if (row["task"], row.get("test")) == (task, test)), "kernel")
    return {
        kernel: scores_by(by_kernel[kernel,], "site", "score")
        for kernel in (CONTROL, *ALIGNMENTS)
        if (kernel,) in by_kernel
    }


def difference(ours: Scores, theirs: Scores) -> Interval:
    """Difference of two kernels on the same coasts or events and seeds, with its interval."""
    return paired_bootstrap(paired_differences(ours, theirs), DRAWS, seed=0)


def markdown(record: Record) -> str:
    """Scores by kernel, choices made on tuning coasts, concentration, and times."""
    parts: list[str] = []
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


def _line(record: Record, task: str, test: str, kernel: str) -> Row:
    summary, name = record.summary, f"{task} {test} {kernel}"
    rows = [row for row in record.rows if (row["task"], row.get("test"), row["kernel"]) == (task, test, kernel)]
    bandwidths = sorted({number(row, "bandwidth") for row in rows if row["bandwidth"] is not None})
    line: Row = {"kernel": kernel, "IoU": summary[name]}
    for other in (CONTROL, "rbf"):
        mean, low, high = (summary.get(f"{name} − {other}{end}") for end in ("", " low", " high"))
        line[f"minus {other}"] = None if mean is None else f"{mean:+.4f} ({low:+.4f} to {high:+.4f})"
    line["weight"] = rows[0]["weight"]
    line["bandwidth"] = " to ".join(f"{end:.2g}" for end in dict.fromkeys(bandwidths[:1] + bandwidths[-1:])) or None
    line["CPU seconds"] = summary[f"{task} {kernel} seconds"]
    return line


def _concentration(rows: Rows) -> Row:
    return {
        f"concentration {row['points']} {row['kernel']} {row['qubits']}": row["score"]
        for row in rows
        if row["task"] == "concentration" and row["qubits"] in (2, 8, 12)
    }


def _times(rows: Rows) -> Row:
    found: Row = {f"time {row['kernel']} {row['what']}": row["seconds"] for row in rows if row["task"] == "time"}
    if found.get("time quantum_zz gram and gradient") is not None:
        seconds = number(found, "time quantum_zz gram and gradient")
        found[f"time quantum_zz gram and gradient within {LIMIT_S:g} CPU s"] = seconds <= LIMIT_S
        gram = number(found, "time quantum_zz gram")
        for peer in [name for name in found if "PennyLane" in name]:
            found[f"{peer}, times ours"] = number(found, peer) / gram
    return found


def _concentration_table(rows: Rows) -> list[Row]:
    lines: defaultdict[tuple[str, str], Row] = defaultdict(dict)
    for row in rows:
        if row["task"] == "concentration":
            points, kernel = str(row["points"]), str(row["kernel"])
            lines[points, kernel] |= {"points, bandwidth": points, "kernel": kernel, str(row["qubits"]): row["score"]}
    return [lines[key] for key in sorted(lines)]


def _time_table(rows: Rows) -> list[Row]:
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
