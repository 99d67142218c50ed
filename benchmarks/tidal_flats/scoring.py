"""Scores of a prediction: counts of each later scene, their pooled overlap, and intervals by blocks of time."""

import numpy as np

from benchmarks.record import Row
from benchmarks.statistics import Interval
from benchmarks.tidal_flats.levels import Levels
from benchmarks.tidal_flats.methods import heights_of
from benchmarks.tidal_flats.predictions import Prediction
from benchmarks.tidal_flats.scenes import Flat
from strandline.observations.arrays import Mask, Times

BLOCK = np.timedelta64(30, "D")
"""Of later scenes that are drawn together: two turns of spring and neap."""
DRAWS = 2000


def counts_of(prediction: Prediction, cut: float, later: Flat, changing: Mask) -> list[Row]:
    """One row for each later scene: cells that are wet in both maps, in either, that agree, and that were seen.

    ``both_even`` and ``either_even`` are those of changing cells by the cut that nobody chose.
    """
    wet, seen = later.water.wet > 0.5, later.water.seen
    rows: list[Row] = []
    for number, time in enumerate(later.water.time):
        row: Row = {"level_source": prediction.source, "method": prediction.method, "time": str(time)}
        score = prediction.score[number]
        for part, cells, above in (
            ("all", np.ones_like(changing), cut), ("changing", changing, cut),
            ("even", changing, prediction.scale.even),
        ):  # fmt: skip
            of = seen[number] & cells
            ours, truth = score[of] > above, wet[number][of]
            row |= {f"both_{part}": int((ours & truth).sum()), f"either_{part}": int((ours | truth).sum())}
            if part == "changing":
                row |= {"right_changing": int((ours == truth).sum()), "seen_changing": int(of.sum())}
        rows.append(row)
    return rows


def score_of(counts: list[Row], seed: int) -> Row:
    """Overlap pooled over the later scenes, with the interval of draws of blocks of time.

    ``iou_dry``: of dry instead of wet cells. Where the flat is mostly wet, calling all of it wet overlaps well.
    """
    scored = interval_of(counts, "changing", seed)
    both, right, seen = (_sum(counts, f"{name}_changing") for name in ("both", "right", "seen"))
    return {
        "iou_changing": scored.mean, "iou_changing_low": scored.low, "iou_changing_high": scored.high,
        "iou_changing_even": interval_of(counts, "even", seed).mean, "iou_all": interval_of(counts, "all", seed).mean,
        "iou_dry_changing": (right - both) / max(seen - both, 1.0), "right_changing": right / max(seen, 1.0),
    }  # fmt: skip


def interval_of(counts: list[Row], part: str, seed: int, minus: list[Row] | None = None) -> Interval:
    """Overlap of cells ``part``, or how far it is above that of other counts of the same scenes; 95 % interval."""
    blocks = _blocks(np.array([row["time"] for row in counts], dtype="datetime64[s]"))
    numbers = np.unique(blocks)
    drawn = np.random.default_rng(seed).integers(0, numbers.size, size=(DRAWS, numbers.size))
    overlaps = []
    for rows in (counts, minus):
        if rows is None:
            continue
        sums = np.array([[float(row[f"{name}_{part}"] or 0) for row in rows] for name in ("both", "either")])  # (2, L)
        of_blocks = np.stack([sums[:, blocks == number].sum(axis=1) for number in numbers])  # (blocks, 2)
        both, either = np.concatenate([of_blocks.sum(0)[None], of_blocks[drawn].sum(axis=1)]).T
        overlaps.append(both / np.maximum(either, 1.0))
    found = overlaps[0] if minus is None else overlaps[0] - overlaps[1]
    low, high = np.quantile(found[1:], [0.025, 0.975])
    return Interval(float(found[0]), float(low), float(high))


def elevation_error(method: str, earlier: Flat, levels: Levels) -> float | None:
    """Root mean square error [m] of the heights of cells that change, their mean taken out (datums differ)."""
    heights = heights_of(method, earlier, levels)
    if earlier.elevation is None or heights is None:
        return None
    scored = earlier.water.changes & np.isfinite(earlier.elevation)
    error = heights[scored] - earlier.elevation[scored]
    return float(np.std(error))


def _blocks(time: Times) -> np.ndarray:
    return np.asarray((time - time.min()) // BLOCK.astype("timedelta64[s]"))


def _sum(counts: list[Row], name: str) -> float:
    return float(sum(float(row[name] or 0) for row in counts))
