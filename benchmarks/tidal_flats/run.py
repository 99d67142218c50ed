"""Rows: one for each source of the level and method, and the counts of each later scene behind it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.record import Row
from benchmarks.statistics import Interval
from benchmarks.tidal_flats.levels import (
    Levels,
    Source,
    Table,
    fit_to_scenes,
    levels_by_fit,
    levels_by_table,
    levels_by_water,
)
from benchmarks.tidal_flats.methods import METHODS, heights_of
from benchmarks.tidal_flats.scenes import Flat
from strandline.observations.arrays import Floats, Mask, Times
from strandline.observations.sea_level.scenes.local_tide import LocalTide

BLOCK = np.timedelta64(30, "D")
"""Of later scenes that are drawn together: two turns of spring and neap."""
DRAWS = 2000


@dataclass(frozen=True, eq=False)
class Prediction:
    """Wet cells (L, H·W) of the later scenes by one method."""

    source: Source
    method: str
    wet: Mask


def predictions_by_hour(earlier: Flat, later: Times, table: Table, tide: LocalTide) -> Iterator[Prediction]:
    """Of every method, from the earlier scenes and the hours of the later ones; no later pixel comes in here."""
    by_source: dict[Source, Levels] = {
        "table": levels_by_table(table, earlier.water.time, later),
        "fitted": levels_by_fit(tide, later),
    }
    for source, levels in by_source.items():
        for name, method in METHODS.items():
            yield Prediction(source, name, method(earlier, levels))


def predictions_by_water(earlier: Flat, later: Flat, tide: LocalTide) -> Iterator[Prediction]:
    """With a good level: of either half of the flat, at the level that the water of the other half tells."""
    left = earlier.left_half
    halves = [levels_by_water(tide, earlier, later, scored) for scored in (left, ~left)]
    for name, method in METHODS.items():
        first, second = (method(earlier, levels) for levels in halves)
        yield Prediction("proxy", name, np.where(left, first, second))


def counts_of(prediction: Prediction, later: Flat, changing: Mask) -> list[Row]:
    """One row for each later scene: cells that are wet in both maps, in either, that agree, and that were seen."""
    wet, seen = later.water.wet > 0.5, later.water.seen
    rows: list[Row] = []
    for number, time in enumerate(later.water.time):
        row: Row = {"level_source": prediction.source, "method": prediction.method, "time": str(time)}
        for part, cells in (("all", np.ones_like(changing)), ("changing", changing)):
            of = seen[number] & cells
            ours, truth = prediction.wet[number][of], wet[number][of]
            row |= {
                f"both_{part}": int((ours & truth).sum()),
                f"either_{part}": int((ours | truth).sum()),
                f"right_{part}": int((ours == truth).sum()),
                f"seen_{part}": int(of.sum()),
            }
        rows.append(row)
    return rows


def row_of(counts: list[Row], seed: int, elevation_rmse: float | None) -> Row:
    """Overlap pooled over the later scenes, with the interval of draws of blocks of time."""
    first = counts[0]
    scored = interval_of(counts, "changing", seed)
    return {
        "level_source": first["level_source"], "method": first["method"],
        "iou_all": interval_of(counts, "all", seed).mean, "iou_changing": scored.mean,
        "iou_changing_low": scored.low, "iou_changing_high": scored.high,
        "right_changing": _sum(counts, "right_changing") / max(_sum(counts, "seen_changing"), 1.0),
        "elevation_rmse_m": elevation_rmse, "n_scenes": len(counts), "seed": seed,
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


def _blocks(time: Times) -> np.ndarray:
    return np.asarray((time - time.min()) // BLOCK.astype("timedelta64[s]"))


def _sum(counts: list[Row], name: str) -> float:
    return float(sum(float(row[name] or 0) for row in counts))


def elevation_error(method: str, earlier: Flat, levels: Levels) -> float | None:
    """Root mean square error [m] of the heights of cells that change, their mean taken out (datums differ)."""
    heights = heights_of(method, earlier, levels)
    if earlier.elevation is None or heights is None:
        return None
    scored = earlier.water.changes & np.isfinite(earlier.elevation)
    error = heights[scored] - earlier.elevation[scored]
    return float(np.std(error))


def rows_of(earlier: Flat, later: Flat, table: Table, seed: int) -> tuple[list[Row], list[Row], LocalTide]:
    """The rows, the counts of each scene, and the tide that was fitted to the earlier ones."""
    tide = fit_to_scenes(table, earlier)
    changing = earlier.water.changes
    rows: list[Row] = []
    counts: list[Row] = []
    by_source = {
        "table": levels_by_table(table, earlier.water.time, later.water.time),
        "fitted": levels_by_fit(tide, later.water.time),
    }
    found = [
        *predictions_by_hour(earlier, later.water.time, table, tide),
        *predictions_by_water(earlier, later, tide),
    ]
    for prediction in found:
        counted = counts_of(prediction, later, changing)
        levels = by_source.get(prediction.source)
        error = None if levels is None else elevation_error(prediction.method, earlier, levels)
        rows.append(row_of(counted, seed, error))
        counts += counted
    return rows, counts, tide


def tide_rows(table: Table, tide: LocalTide, largest: int = 8) -> list[Row]:
    """The largest constituents as published and as fitted, with the standard deviation of the fit's amplitudes [m]."""
    fitted = tide.fitted.constants
    names = sorted(fitted.amplitude, key=lambda name: -fitted.amplitude[name])[:largest]
    count = len(fitted.amplitude)
    sd = np.sqrt((tide.fitted.modes**2).sum(axis=1))
    place = {name: number for number, name in enumerate(fitted.amplitude)}
    return [
        {
            "constituent": name,
            "table_m": table.constants.amplitude.get(name),
            "table_deg": table.constants.phase.get(name),
            "fitted_m": fitted.amplitude[name],
            "fitted_deg": fitted.phase[name],
            "sd_m": _rms(sd[[place[name], count + place[name]]]),
        }
        for name in names
    ]


def _rms(values: Floats) -> float:
    return float(np.sqrt(np.mean(values**2)))
