"""The tables of the synthetic cyclones."""

from collections.abc import Mapping

import numpy as np

from benchmarks.record import Record, Row, Rows, Value, markdown_table
from benchmarks.statistics import number

METHODS = ("synthetic", "resampled")
RATES = {"rate": "passages", "hurricane_rate": "passages of 64 kt", "major_rate": "passages of 96 kt"}
STATISTICS = (*RATES, "median_wind", "highest_wind", "median_pressure", "lowest_pressure")
HEAD = ("name", "basin", "method")
COLUMNS = {
    statistic: (
        *HEAD, *((f"{statistic}_fitted",) if statistic in RATES else ()),
        *(f"{statistic}_{each}" for each in ("held_out", "expected", "low", "high", "within")),
    )
    for statistic in STATISTICS
}  # fmt: skip
GAUGE = (
    "name", "years", "cyclones", "highest_surge", "before_low", "before_middle", "before_high", "before_within",
    "factor", "method", "separation", "level", "level_low", "level_high", "highest",
)  # fmt: skip
TITLES = {
    "rate": "Passages within 250 km (basins: storms) a year",
    "hurricane_rate": "The same with winds of 64 kt or more",
    "major_rate": "The same with winds of 96 kt or more",
    "median_wind": "Median of the greatest wind [m/s]",
    "highest_wind": "Highest wind of all [m/s]",
    "median_pressure": "Median of the lowest central pressure [hPa]",
    "lowest_pressure": "Lowest central pressure of all [hPa]",
}


def summarise(rows: Rows) -> Row:
    """Share of basins and places whose held-out value lies in the range of 90 %, its score, and which do not."""
    summary: Row = {}
    for part in ("place", "basin"):
        for statistic in STATISTICS:
            for method in METHODS:
                own = [row for row in rows if row["part"] == part and row["method"] == method]
                own = [row for row in own if row[f"{statistic}_within"] is not None]
                if not own:
                    continue
                name = f"{part}s: {statistic}, {method}"
                summary[f"{name}: share within 90 %"] = float(
                    np.mean([bool(row[f"{statistic}_within"]) for row in own])
                )
                summary[f"{name}: CRPS"] = float(np.mean([number(row, f"{statistic}_crps") for row in own]))
                outside = [row for row in own if not row[f"{statistic}_within"]]
                summary[f"{name}: outside"] = ", ".join(_side(row, statistic) for row in outside)
    gauges = [row for row in rows if row["part"] == "gauge" and row["method"] == "with"]
    if gauges:
        factors = np.array([number(row, "factor") for row in gauges])
        summary["gauges: factor on simulated surges, geometric mean"] = float(np.exp(np.log(factors).mean()))
        summary["gauges: highest surge within 90 % before it was read"] = (
            f"{sum(bool(row['before_within']) for row in gauges)} of {len(gauges)}"
        )
    for statistic, name in RATES.items():
        for method in METHODS:
            own = [row for row in rows if row["part"] == "place" and row["method"] == method]
            held_out, expected, fitted = (
                sum(number(row, f"{statistic}_{each}") for row in own) for each in ("held_out", "expected", "fitted")
            )
            summary[f"{name} of all places, {method}: expected over fitted years"] = expected / fitted
            summary[f"{name} of all places, {method}: expected over held-out years"] = expected / held_out
    return summary


def _side(row: Mapping[str, Value], statistic: str) -> str:
    above = number(row, f"{statistic}_held_out") > number(row, f"{statistic}_high")
    return f"{row['name']} (held out {'above' if above else 'below'})"


def markdown(record: Record) -> str:
    """The summary, then one table for each statistic."""
    lines = ["IBTrACS (NOAA), 1-minute winds; synthetic storms are simulated.\n"]
    lines += [
        f"- {name}: {value if isinstance(value, str) else f'{value:.3g}'}" for name, value in record.summary.items()
    ]
    text = "\n".join(lines) + "\n"
    for part in ("place", "basin"):
        for statistic, title in TITLES.items():
            own = [row for row in record.rows if row["part"] == part and row[f"{statistic}_held_out"] is not None]
            if own:
                text += f"\n## {part.capitalize()}s: {title}\n\n{markdown_table(own, COLUMNS[statistic])}"
    gauges = [row for row in record.rows if row["part"] == "gauge"]
    if gauges:
        title = "Gauges: highest skew surge of cyclones, and the 100-year level [m]"
        text += f"\n## {title}\n\n{markdown_table(gauges, GAUGE)}"
    return text
