"""Rows of the impact benchmark: damage of many floods by every tool, and access over a road network."""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import networkx
import numpy as np
import shapely

from benchmarks.impact.summary import COLUMNS, WET
from benchmarks.record import Row, Value
from strandline.observations.exposure.assets import CURVE_CLASSES
from strandline.observations.exposure.damage_curves import curve
from strandline.risk.impact.access import is_cut_off, road_network

SEED = 0
ASSETS, EVENTS = 100_000, 1_000
SETTLEMENTS, STRETCHES = 10_000, 100_000
PEERS = Path(__file__).parent / "peers"


def row(case: str, tool: str, **measured: Value) -> Row:
    """A row with every column; those that were not measured are empty."""
    empty: Row = dict.fromkeys(COLUMNS)
    return {**empty, "case": case, "tool": tool, **measured}


def event_impacts(case: str, pythons: dict[str, str], size: tuple[int, int]) -> list[Row]:
    """The same floods and assets by every tool, one process each, and the difference of ours from each other tool."""
    curves = np.stack([np.maximum.accumulate(curve(name, "asia")[0]) for name in CURVE_CLASSES])
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "curves.npy", curves)
        found = {tool: run_tool(tool, python, Path(folder), size, WET[case]) for tool, python in pythons.items()}
    ours = found["strandline"]
    rows = []
    for tool, result in found.items():
        if isinstance(result, str):
            rows.append(row(case, tool, note=f"ABSENT: {result}"))
            continue
        facts, damages = result
        worst = None
        if tool != "strandline" and not isinstance(ours, str):
            worst = max(
                float(np.max(np.abs(mine - theirs) / np.maximum(np.abs(theirs), np.finfo(float).tiny)))
                for mine, theirs in zip(ours[1], damages, strict=True)
            )
        note = f"version {facts['version']}, {100 * facts['wet_share']:.1f} % of the pairs wet"
        if worst is not None:
            note += "; difference of strandline from it: each asset, each event and the total"
        rows.append(
            row(
                case,
                tool,
                cpu_s=facts["cpu_s"],
                peak_mb=facts["peak_mb"],
                max_relative_difference=worst,
                note=note,
            )
        )
    return rows


def run_tool(
    tool: str, python: str, folder: Path, size: tuple[int, int], wet_share: float
) -> tuple[dict[str, float], tuple[np.ndarray, np.ndarray, np.ndarray]] | str:
    """Measurements, and annual damage by asset, by event and in total; or the reason why the tool did not run."""
    out = folder / f"{tool}.npz"
    script, arguments = PEERS / f"{tool}_impact.py", [*map(str, size), str(wet_share), str(SEED)]
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    done = subprocess.run(
        [python, str(script), str(folder / "curves.npy"), str(out), *arguments],
        env={**os.environ, **one_thread},
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        return done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit code {done.returncode}"
    with np.load(out) as stored:
        annual, by_event = stored["annual"], stored["by_event"]
        return json.loads(str(stored["facts"])), (annual, by_event, annual.sum(keepdims=True))


def isolation() -> list[Row]:
    """Access of 10 000 settlements to hospitals over 100 000 road segments, 40 % of them flooded and 5 % unknown.

    Ours is timed from the road geometries to the answer with its bounds; networkx searches the same two graphs.
    """
    rng = np.random.default_rng(SEED)
    side = 225
    x, y = np.meshgrid(np.arange(side) * 100.0, np.arange(side) * 100.0)
    along = [((i, j), (i, j + 1)) for i in range(side) for j in range(side - 1)]
    across = [((i, j), (i + 1, j)) for i in range(side - 1) for j in range(side)]
    ends = np.array(along + across)[rng.permutation(len(along) + len(across))[:STRETCHES]]  # (E, 2, 2)
    lines = shapely.linestrings(np.stack([x[ends[..., 0], ends[..., 1]], y[ends[..., 0], ends[..., 1]]], axis=-1))
    table = {"asset_id": np.arange(STRETCHES), "asset_class": "road"}
    roads = gpd.GeoDataFrame(table, geometry=lines, crs="EPSG:32633")
    closed = rng.choice([0.0, 1.0, np.nan], STRETCHES, p=[0.55, 0.4, 0.05])
    settlement, hospital = (rng.uniform(0, (side - 1) * 100.0, (2, count)) for count in (SETTLEMENTS, 20))
    shut = rng.choice([0.0, 1.0, np.nan], 20, p=[0.7, 0.2, 0.1])

    began = time.process_time()
    network = road_network(roads)
    home, facility = network.nearest_node(*settlement), network.nearest_node(*hospital)
    found = is_cut_off(network, closed[network.road], facility, shut, home)
    own = time.process_time() - began

    began = time.process_time()
    served = []
    for passable, works in ((closed[network.road] != 1, shut != 1), (closed[network.road] == 0, shut == 0)):
        graph = networkx.Graph(map(tuple, network.edges[passable].tolist()))
        graph.add_nodes_from(range(len(network.nodes)))
        reached: set[int] = set()
        for node in facility[works].tolist():
            if node not in reached:
                reached |= networkx.node_connected_component(graph, node)
        served.append(np.isin(home, list(reached)))
    expected = np.where(~served[0], 1.0, np.where(~served[1], np.nan, 0.0))
    theirs = time.process_time() - began

    difference = float(np.mean(~((found == expected) | (np.isnan(found) & np.isnan(expected)))))
    note = f"{SETTLEMENTS} settlements, {STRETCHES} stretches, cut off {int((found == 1).sum())}, "
    note += f"unknown {int(np.isnan(found).sum())}"
    return [
        row("isolation", "strandline", cpu_s=own, note=note + "; lines to answer"),
        row(
            "isolation",
            "networkx",
            cpu_s=theirs,
            max_relative_difference=difference,
            note=f"version {networkx.__version__}, search alone; difference = share of settlements with another result",
        ),
    ]
