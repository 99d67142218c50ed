"""From cases to a table: errors of the tide and of its size, by distance and rule."""

import numpy as np
import pandas as pd

from benchmarks.record import Record, Row, Rows, markdown_table
from benchmarks.statistics import number
from benchmarks.tides.run import VISIBLE

COLUMNS = (
    "distance_km", "rule", "stations", "mean_rms_m", "p90_rms_m", "mean_size_error_m", "log_size_median",
    "log_size_deviation", "coverage_90", "not_above",
)  # fmt: skip
CORRECTION_COLUMNS = (
    "distance_km", "stations", "species", "admittance", "admittance_low", "admittance_high", "factor", "factor_low",
    "factor_high",
)  # fmt: skip
CONSTITUENT_COLUMNS = ("distance_km", "constituent", "rms_m", "rms_of_size_error_m", "coherence")


def scores(cases: Rows) -> list[Row]:
    """One row for each class of distance and rule."""
    rows: list[Row] = []
    for (distance, rule), group in pd.DataFrame(cases).groupby(["distance_km", "rule"], sort=False):
        visible = group[group["size"] > VISIBLE]
        low, middle, high = np.quantile(visible["log_size"], (0.16, 0.5, 0.84))
        rows.append(
            {
                "distance_km": str(distance), "rule": str(rule), "stations": len(group),
                "mean_rms_m": float(group["rms"].mean()), "p90_rms_m": float(group["rms"].quantile(0.9)),
                "mean_size_error_m": float(group["size_error"].mean()), "log_size_median": float(middle),
                "log_size_deviation": float((high - low) / 2), "coverage_90": float(visible["is_within"].mean()),
                "not_above": float(group["is_not_above"].mean()),
            }
        )  # fmt: skip
    return sorted(rows, key=lambda row: int(str(row["distance_km"]).split("-")[0]))


def summarise(rows: Rows) -> Row:
    """Of the stations around a place against the nearest alone: share of the error that is left, by distance."""
    summary: Row = {}
    for nearest, around in zip(rows[::2], rows[1::2], strict=True):
        for name in ("mean_rms_m", "mean_size_error_m"):
            summary[f"{nearest['distance_km']} km {name} ratio"] = number(around, name) / number(nearest, name)
    return summary


def markdown(record: Record) -> str:
    """The table, and how tides differ."""
    return (
        f"{markdown_table(record.rows, COLUMNS)}\n"
        f"{markdown_table(record.tables['corrections'], CORRECTION_COLUMNS)}\n"
        f"{markdown_table(record.tables['constituents'], CONSTITUENT_COLUMNS)}"
    )
