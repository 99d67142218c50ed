"""From rows to a summary: error and bias by method, and how often the ranges hold the truth."""

import numpy as np

from benchmarks.record import Record, Row, Rows, markdown_table, summary_table
from benchmarks.statistics import number, rows_by

METHODS = ("joint", "joint_middle", "copula", "independent", "together", "frequency")
SUPPORTED = 0.1
"""Least annual probability that a record of 30 years supports [a-1]."""
BAR, COVERAGE = 0.1, (0.8, 0.97)
LEAST = 0.002
"""Added to both probabilities before their logarithms are compared [a-1]: a frequency may be 0."""


def summarise(rows: Rows) -> Row:
    """Over all kinds, by method and length of the record: typical error of one, and the bias of the mean of all."""
    summary: Row = {}
    for (years,), of_length in rows_by(rows, "record_years").items():
        summary |= _summary_of(of_length, f"{years} years, ")
    return summary


def _summary_of(rows: Rows, prefix: str) -> Row:
    summary: Row = {}
    for which, part in (("0.1 and more", _supported(rows, True)), ("below 0.1", _supported(rows, False))):
        name = prefix + which
        for method in METHODS:
            summary[f"{name}: {method} typical error of a record"] = typical_error(part, method)
            summary[f"{name}: {method} cells within 10 %"] = within(part, method)
            summary[f"{name}: {method} mean of records over truth"] = ratio(part, method)
        summary[f"{name}: coverage of 90 % ranges"] = coverage(part)
        summary[f"{name}: coverage holds"] = COVERAGE[0] <= coverage(part) <= COVERAGE[1]
    worst = max((abs(ratio(part, "joint") - 1) for part in rows_by(_supported(rows, True), "kind").values()), default=0)
    summary[f"{prefix}0.1 and more: greatest bias of a kind"] = worst
    summary[f"{prefix}0.1 and more: bias within 10 % for every kind"] = worst <= BAR
    return summary


def typical_error(rows: Rows, method: str) -> float:
    """Root mean square of the logarithm's error, as a factor less 1 [-]."""
    errors = [np.log((number(row, method) + LEAST) / (number(row, "true") + LEAST)) for row in rows]
    return float(np.expm1(np.sqrt(np.mean(np.square(errors))))) if errors else float("nan")


def within(rows: Rows, method: str) -> float:
    """Share of cells and records within 10 % of the truth [-]."""
    near = [abs(number(row, method) / number(row, "true") - 1) <= BAR for row in rows]
    return float(np.mean(near)) if near else float("nan")


def ratio(rows: Rows, method: str) -> float:
    """Mean over the truth [-], every cell counting the same."""
    return float(np.mean([number(row, method) / number(row, "true") for row in rows])) if rows else float("nan")


def coverage(rows: Rows) -> float:
    """Share of the ranges that hold the truth [-]."""
    held = [number(row, "low") <= number(row, "true") <= number(row, "high") for row in rows]
    return float(np.mean(held)) if held else float("nan")


def by_kind(rows: Rows) -> list[Row]:
    """One row for every length of record, kind and probability: mean of the records over truth, and coverage."""
    found: list[Row] = []
    for (years, kind, stated), part in rows_by(rows, "record_years", "kind", "stated").items():
        ratios = {method: ratio(part, method) for method in METHODS}
        hourly = {"hourly": ratio(part, "true_hourly")}
        found.append({"years": years, "kind": kind, "true": stated, **ratios, **hourly, "coverage_90": coverage(part)})
    return found


def shares(rows: Rows) -> list[Row]:
    """Share of each driver in the annual probability of a kind of response [-], first records of the coasts."""
    found: list[Row] = []
    names = ("share_sea", "share_rain", "share_discharge")
    for (kind,), part in rows_by([row for row in rows if "share_sea" in row], "kind").items():
        sums = {name: sum(number(row, name) for row in part) for name in names}
        whole = max(sum(sums.values()), 1e-9)
        found.append({"kind": kind, **{name: value / whole for name, value in sums.items()}})
    return found


def markdown(record: Record) -> str:
    """The summary, means over truth by kind, shares of the drivers, and held-out scores."""
    kinds, found = by_kind(record.rows), shares(record.rows)
    dependence = record.tables.get("dependence", [])
    parts = [summary_table(record.summary), "Mean of the records over truth:"]
    parts.append(markdown_table(kinds, list(kinds[0]) if kinds else []))
    parts += ["Share of each driver:", markdown_table(found, list(found[0]) if found else [])]
    parts += ["Models of the dependence, held out on tuning coasts:"]
    parts.append(markdown_table(dependence, list(dependence[0]) if dependence else []))
    return "\n\n".join(parts)


def _supported(rows: Rows, supported: bool) -> Rows:
    return [row for row in rows if (number(row, "stated") >= SUPPORTED) == supported]
