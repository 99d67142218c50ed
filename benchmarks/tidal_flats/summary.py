"""From counts of scenes to a summary, and the tables of a record."""

from benchmarks.record import Record, Row, Rows, markdown_table
from benchmarks.statistics import rows_by
from benchmarks.tidal_flats.scoring import interval_of

COLUMNS = (
    "level_source", "method", "cut", "iou_changing", "iou_changing_low", "iou_changing_high", "iou_changing_even",
    "iou_dry_changing", "iou_all", "right_changing", "elevation_rmse_m", "n_scenes",
)  # fmt: skip
CONTROL_COLUMNS = (
    "control", "method", "draws", "iou_changing", "iou_changing_low", "iou_changing_high", "iou_changing_even",
    "iou_dry_changing",
)  # fmt: skip
SPLIT_COLUMNS = ("part", "scenes", "clear_enough", "first", "last", "cells_changing")
TIDE_COLUMNS = ("constituent", "table_m", "table_deg", "fitted_m", "fitted_deg", "sd_m")
DIFFERENCES = (
    (("fitted", "waterlines"), ("table", "threshold")),
    (("fitted", "waterlines"), ("table", "climatology")),
    (("fitted", "waterlines"), ("fitted", "threshold")),
    (("fitted", "threshold"), ("table", "threshold")),
    (("table", "waterlines"), ("table", "threshold")),
    (("fitted", "waterlines"), ("fitted", "nearest_5")),
    (("fitted", "waterlines"), ("fitted", "similar_days")),
    (("half of the scenes", "waterlines"), ("half of the scenes", "similar_days")),
    (("a quarter of the scenes", "waterlines"), ("a quarter of the scenes", "similar_days")),
    (("backwards, fitted", "waterlines"), ("backwards, fitted", "similar_days")),
    (("proxy", "waterlines"), ("proxy", "threshold")),
)


def summarise(rows: Rows, scenes: Rows, seed: int) -> Row:
    """Overlap of cells that change by source and method, and differences paired by scene, with intervals.

    Args:
        scenes: counts of each later scene, of rows and controls.
    """
    summary: Row = {f"{row['level_source']} {row['method']} iou_changing": row["iou_changing"] for row in rows}
    counts = rows_by([dict(row) for row in scenes], "level_source", "method")
    for one, other in DIFFERENCES:
        name = f"{' '.join(one)} − {' '.join(other)}"
        summary |= interval_of(counts[one], "changing", seed, counts[other]).entries(name)
    return summary


def markdown(record: Record) -> str:
    """The scores, the differences and the tide."""
    differences = [
        {
            "difference": name,
            "mean": value,
            "low": record.summary[f"{name} low"],
            "high": record.summary[f"{name} high"],
        }
        for name, value in record.summary.items()
        if " − " in name and not name.endswith((" low", " high"))
    ]
    return (
        f"{markdown_table(record.rows, COLUMNS)}\n"
        f"{markdown_table(differences, ('difference', 'mean', 'low', 'high'))}\n"
        f"{markdown_table(record.tables['controls'], CONTROL_COLUMNS)}\n"
        f"{markdown_table(record.tables['tide'], TIDE_COLUMNS)}\n"
        f"{markdown_table(record.tables['split'], SPLIT_COLUMNS)}"
    )
