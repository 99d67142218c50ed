"""From rows to a summary and a table: what the answer is off, and how wide it says it is."""

import numpy as np

from benchmarks.record import Record, Row, Rows, markdown_table
from benchmarks.statistics import number, rows_by

COLUMNS = (
    "given",
    "coasts",
    "error_m",
    "range_m",
    "people",
    "range_people",
    "people_truth",
    "money",
    "range_money",
    "money_truth",
    "inside",
)


def scores(rows: Rows) -> list[Row]:
    """One row for each case: means over the coasts.

    ``error_m``, ``people`` and ``money`` (million EUR 2010) are how far the middle answer lies from the truth, the
    ranges how wide the range of 8 in 10 chance is; ``inside`` is the share of coasts whose true level lies in it.
    """
    found: list[Row] = []
    for (given,), group in rows_by(rows, "given").items():
        column = {name: np.array([number(row, name) for row in group]) for name in group[0] if name != "given"}
        found.append(
            {
                "given": given,
                "coasts": len(group),
                "error_m": float(np.mean(np.abs(column["level"] - column["truth"]))),
                "range_m": float(np.mean(column["high"] - column["low"])),
                "people": float(np.mean(np.abs(column["people"] - column["people_truth"]))),
                "range_people": float(np.mean(column["people_high"] - column["people_low"])),
                "money": float(np.mean(np.abs(column["money"] - column["money_truth"]))) / 1e6,
                "range_money": float(np.mean(column["money_high"] - column["money_low"])) / 1e6,
                "people_truth": float(np.mean(column["people_truth"])),
                "money_truth": float(np.mean(column["money_truth"])) / 1e6,
                "inside": float(((column["low"] <= column["truth"]) & (column["truth"] <= column["high"])).mean()),
            }
        )
    return found


STREAM_COLUMNS = (
    "given", "storms", "map_people", "map_money", "people", "money",
)  # fmt: skip


def stream_scores(rows: Rows) -> list[Row]:
    """One row for each dropped stream: mean distances from the truth over the tested storms of all coasts.

    ``map_people`` and ``map_money`` (million EUR 2010) are those of the flood map of a storm whose level is known.
    """
    found: list[Row] = []
    for (given,), group in rows_by(rows, "given").items():
        mean = {name: float(np.mean([number(row, name) for row in group])) for name in group[0] if name != "given"}
        money = {name: value / 1e6 for name, value in mean.items() if "money" in name}
        found.append({"given": given, "storms": len(group), **{**mean, **money}})
    return found


def summarise(rows: Rows, streams: Rows = ()) -> Row:
    """Error and range of the level of each case, and the errors without each stream."""
    summary: Row = {}
    for row in scores(rows):
        for name in ("error_m", "range_m", "people", "money"):
            summary[f"{row['given']} {name}"] = row[name]
    for row in stream_scores(streams):
        for name in ("map_people", "map_money"):
            summary[f"{row['given']} {name}"] = row[name]
    return summary


def markdown(record: Record) -> str:
    """The scores."""
    levels = f"{markdown_table(scores(record.rows), COLUMNS)}"
    streams = record.tables.get("streams", ())
    if not streams:
        return levels
    return f"{levels}\nMaps of held-out storms:\n\n{markdown_table(stream_scores(streams), STREAM_COLUMNS)}"
