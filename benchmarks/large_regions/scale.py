"""Speed and memory of maps of large regions, and equality of the results of clusters."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

import geopandas as gpd
import numpy as np
import rasterio

from benchmarks.large_regions.cluster import cluster
from benchmarks.large_regions.wide_terrain import write_terrain
from benchmarks.record import Row
from benchmarks.speed.program import COMMAND, spend
from strandline.pipeline.deployment import load_deployment
from strandline.pipeline.maps.large_regions.store import UNFINISHED
from strandline.uncertainty.forecaster import load_forecaster

SEED = 0
MOST_MB, EQUAL = 3e9 / 2**20, 1e-6
"""Targets: memory for 10 000 × 10 000 cells [MB], and greatest difference of a cluster from one process."""
BIG = 10_000
ASSETS_PER_CELL, DAMAGE_SAMPLES = 2e-4, 2
BOX, BOX_ASSETS = 100, 20
"""Edge [cells] of one of many regions, and its assets."""
RASTERS = (
    "flood_probability.tif", "annual_flood_probability.tif", "flooded.tif", "flood_disagreement.tif", "flood_depth.tif",
)  # fmt: skip


def size_rows(run: Path, edges: list[int], work: Path) -> Iterator[Row]:
    """Three rows per region: seconds, peak memory, and maps of the region per hour."""
    period, members = load_deployment(run).return_periods[-1], load_forecaster(run).members
    for edge in edges:
        region = write_terrain(work / f"terrain{edge}", edge, load_deployment(run).region, SEED)
        arguments = ("map", str(region), "--run", str(run), "--samples", "1", "--return-period", f"{period:g}")
        spent = spend(*COMMAND, *arguments, "--out", str(work / f"map{edge}"))
        note = f"{spent.cpu_s:.0f} s of the processor; one storm, {members} students, terrain alone"
        shared: Row = {"part": "size", "cells": edge**2}
        yield {**shared, "what": "strandline map", "value": spent.wall_s, "unit": "s", "note": note}
        bar: Row = {"bar": f"≤ {MOST_MB:.0f} (3 GB)", "met": spent.peak_mb <= MOST_MB} if edge >= BIG else {}
        yield {**shared, "what": "peak memory", "value": spent.peak_mb, "unit": "MB", **bar}
        yield {**shared, "what": "maps of the region", "value": 3600 / spent.wall_s, "unit": "1/h"}


def damage_rows(run: Path, edges: list[int], work: Path) -> Iterator[Row]:
    """Two rows per region: seconds and peak memory of a map with the damage at its assets and in its zones."""
    period, members = load_deployment(run).return_periods[-1], load_forecaster(run).members
    for edge in edges:
        assets = round(edge**2 * ASSETS_PER_CELL)
        region = write_terrain(work / f"terrain{edge}", edge, load_deployment(run).region, SEED, assets)
        out = work / f"map{edge}"
        arguments = ("map", str(region), "--run", str(run), "--samples", f"{DAMAGE_SAMPLES}")
        spent = spend(*COMMAND, *arguments, "--return-period", f"{period:g}", "--out", str(out))
        zones = len(gpd.read_file(out / "zones.geojson"))
        shared: Row = {"part": "damage", "cells": edge**2}
        note = (
            f"{spent.cpu_s:.0f} s of the processor; {DAMAGE_SAMPLES} samples, {members} students, {assets} assets, "
            f"{zones} zones"
        )
        yield {**shared, "what": "strandline map with damage", "value": spent.wall_s, "unit": "s", "note": note}
        bar: Row = {"bar": f"≤ {MOST_MB:.0f} (3 GB)", "met": spent.peak_mb <= MOST_MB} if edge >= BIG else {}
        yield {**shared, "what": "peak memory with damage", "value": spent.peak_mb, "unit": "MB", **bar}


def boxes_rows(run: Path, counts: list[int], work: Path) -> Iterator[Row]:
    """Three rows per number of regions on a cluster of two workers: seconds, peak memory, and those without a map."""
    like = load_deployment(run).region
    regions = []
    for number in range(max(counts)):
        written = write_terrain(work / "boxes" / f"{number:04d}", BOX, like, number, BOX_ASSETS)
        regions.append(written.rename(written.with_name(f"box{number:04d}.toml")))
    for count in counts:
        out = work / f"maps{count}"
        with cluster(2, work / f"cluster{count}") as dask:
            arguments = ("map", *map(str, regions[:count]), "--run", str(run), "--samples", f"{DAMAGE_SAMPLES}")
            spent = spend(*COMMAND, *arguments, "--out", str(out), "--scheduler", dask.address)
        missing = sum(not (out / region.stem / "map.json").exists() for region in regions[:count])
        shared: Row = {"part": "boxes", "cells": count * BOX**2}
        each = f"{spent.cpu_s / count:.2f} s of the processor each, without the two workers'; {BOX_ASSETS} assets each"
        yield {**shared, "what": f"{count} regions", "value": spent.wall_s, "unit": "s", "note": each}
        yield {**shared, "what": f"{count} regions, peak memory", "value": spent.peak_mb, "unit": "MB"}
        yield {
            **shared, "what": f"{count} regions, without a map", "value": missing, "unit": "regions", "bar": "0",
            "met": missing == 0,
        }  # fmt: skip


def cluster_rows(run: Path, edge: int, workers: list[int], work: Path) -> Iterator[Row]:
    """One row per number of workers, and one with a killed worker: greatest difference from one process."""
    region = write_terrain(work / "terrain", edge, load_deployment(run).region, SEED)
    arguments = [*COMMAND, "map", str(region), "--run", str(run), "--samples", "2"]
    single = work / "single"
    spend(*arguments, "--out", str(single))
    for count in workers:
        with cluster(count, work / f"cluster{count}") as dask:
            spent = spend(*arguments, "--out", str(work / f"on{count}"), "--scheduler", dask.address)
        yield _cluster_row(f"{count} workers", difference(single, work / f"on{count}"), f"{spent.wall_s:.0f} s")
    with cluster(2, work / "killed cluster") as dask:
        killer = threading.Thread(target=kill_when_begun, args=(work / "killed", dask.workers[1]))
        killer.start()
        spend(*arguments, "--out", str(work / "killed"), "--scheduler", dask.address)
        killer.join()
        ended = dask.workers[1].poll()
    yield _cluster_row(
        "2 workers, one killed in the middle", difference(single, work / "killed"), f"it ended with {ended}"
    )


def kill_when_begun(out: Path, process: Popen) -> None:
    """Kill a worker or a scheduler (SIGKILL) when the first tile of a map is finished."""
    marks = out / UNFINISHED / "is_finished" / "c"
    while not any(each.name.isdigit() and each.is_file() for each in marks.rglob("*")):
        time.sleep(0.02)
    process.kill()


def _cluster_row(what: str, found: float, note: str) -> Row:
    return {
        "part": "cluster", "what": what, "value": found, "unit": "greatest difference", "bar": f"≤ {EQUAL:g}",
        "met": found <= EQUAL, "note": note,
    }  # fmt: skip


def difference(one: Path, other: Path) -> float:
    """Greatest difference of any raster of two maps; infinite where their nodata cells differ."""
    greatest = 0.0
    for name in RASTERS:
        with rasterio.open(one / name) as ours, rasterio.open(other / name) as theirs:
            a, b = ours.read(), theirs.read()
        if not np.array_equal(np.isnan(a), np.isnan(b)):
            return float("inf")
        greatest = max(greatest, float(np.nanmax(np.abs(a - b))))
    return greatest
