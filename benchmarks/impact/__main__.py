"""What floods do to assets: is it right and what does it cost, beside CLIMADA's ``ImpactCalc`` and the bare definition.

``python -m benchmarks.impact [--climada-python .venv-climada/bin/python] [--parts …] --out impact.json``
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import networkx
import numpy as np
import shapely

from benchmarks.impact.damage_states import (
    FIRST_RECIPE_COAST,
    FIRST_TEST_COAST,
    damage_state_rows,
    summarise_damage_states,
)
from benchmarks.record import Record, Value, markdown_table, print_summary, print_table, write_record
from strandline.observations.assets import CURVE_CLASSES
from strandline.observations.damage_curves import curve
from strandline.risk.impact.access import is_cut_off, road_network

SEED = 0
ASSETS, EVENTS = 100_000, 1_000
SETTLEMENTS, STRETCHES = 10_000, 100_000
WET = {"wet_10": 0.10, "wet_100": 1.0}
COLUMNS = ("case", "coast", "tool", "cpu_s", "peak_mb", "max_relative_difference", "brier", "log_score", "note")
PARTS = ("events", "isolation", "damage_states")
PEERS = Path(__file__).parent / "peers"
Row = dict[str, Value]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--climada-python", default=sys.executable, help="interpreter that has CLIMADA installed")
    parser.add_argument("--assets", type=int, default=ASSETS)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="others keep their rows in --out")
    parser.add_argument("--recipe-coasts", type=int, default=2, help="on which was decided what a run does")
    parser.add_argument("--test-coasts", type=int, default=4)
    parser.add_argument("--work", type=Path, default=Path("runs/impact"), help="where finished coasts wait")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    kept = json.loads(arguments.out.read_text())["rows"] if arguments.out.exists() else []
    rows = [{**dict.fromkeys(COLUMNS), **row} for row in kept if part_of(row) not in arguments.parts]
    if "events" in arguments.parts:
        pythons = {"strandline": sys.executable, "climada": arguments.climada_python, "reference": sys.executable}
        rows += [row for case in WET for row in event_impacts(case, pythons, (arguments.assets, arguments.events))]
    if "isolation" in arguments.parts:
        rows += isolation()
    if "damage_states" in arguments.parts:
        coasts = damage_state_rows(arguments.recipe_coasts, arguments.test_coasts, arguments.work)
        rows += [{**dict.fromkeys(COLUMNS), **row} for row in coasts]
    rows.sort(key=lambda row: PARTS.index(part_of(row)))
    seeds = [SEED, *(FIRST_RECIPE_COAST + i for i in range(arguments.recipe_coasts))]
    seeds += [FIRST_TEST_COAST + i for i in range(arguments.test_coasts)]
    record = Record("impact", "simulated", {}, seeds, rows, summarise(rows))
    write_record(record, arguments.out)
    command = f"python -m benchmarks.impact --climada-python PYTHON --out {arguments.out.name}"
    arguments.out.with_suffix(".md").write_text(f"`{command}`\n\n" + markdown_table(rows, COLUMNS))
    print_table(record, COLUMNS)
    print_summary(record)


def part_of(row: Row) -> str:
    """The part that makes a row."""
    case = str(row["case"])
    return "damage_states" if case.startswith("damage_state/") else case if case == "isolation" else "events"


def event_impacts(case: str, pythons: dict[str, str], size: tuple[int, int]) -> list[Row]:
    """The same floods and assets by every tool, one process each; ours is compared with each of the others."""
    curves = np.stack([np.maximum.accumulate(curve(name, "asia")[0]) for name in CURVE_CLASSES])
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "curves.npy", curves)
        found = {tool: run_tool(tool, python, Path(folder), size, WET[case]) for tool, python in pythons.items()}
    ours = found["strandline"]
    rows = []
    for tool, result in found.items():
        if isinstance(result, str):
            rows.append(_row(case, tool, note=f"ABSENT: {result}"))
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
            _row(
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
    """Facts, and damage a year by asset, of each event and in all; or why the tool did not run."""
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
    """10 000 settlements on 100 000 stretches of road, two fifths of them under water and a twentieth unknown.

    From the roads' lines to who is cut off from a hospital, with the bounds; networkx searches the same two graphs.
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
    place, hospital = (rng.uniform(0, (side - 1) * 100.0, (2, count)) for count in (SETTLEMENTS, 20))
    shut = rng.choice([0.0, 1.0, np.nan], 20, p=[0.7, 0.2, 0.1])

    began = time.process_time()
    network = road_network(roads)
    home, facility = network.nearest_node(*place), network.nearest_node(*hospital)
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

    wrong = float(np.mean(~((found == expected) | (np.isnan(found) & np.isnan(expected)))))
    said = f"{SETTLEMENTS} settlements, {STRETCHES} stretches, cut off {int((found == 1).sum())}, "
    said += f"unknown {int(np.isnan(found).sum())}"
    return [
        _row("isolation", "strandline", cpu_s=own, note=said + "; lines to answer"),
        _row(
            "isolation",
            "networkx",
            cpu_s=theirs,
            max_relative_difference=wrong,
            note=f"version {networkx.__version__}, search alone; difference = share of settlements told otherwise",
        ),
    ]


def summarise(rows: Sequence[Row]) -> dict[str, Value]:
    """The numbers that the bars are about."""
    summary: dict[str, Value] = {}
    for case in WET:
        of_case = {row["tool"]: row for row in rows if row["case"] == case}
        if not of_case:
            continue
        summary[f"{case}_cpu_s"] = of_case["strandline"]["cpu_s"]
        summary[f"{case}_peak_mb"] = of_case["strandline"]["peak_mb"]
        for tool in ("climada", "reference"):
            summary[f"{case}_difference_from_{tool}"] = of_case[tool]["max_relative_difference"]
        own, theirs = of_case["strandline"]["cpu_s"], of_case["climada"]["cpu_s"]
        summary[f"{case}_times_climada"] = float(theirs) / float(own) if theirs and own else None
    for row in rows:
        if row["case"] == "isolation":
            summary[f"isolation_{row['tool']}_cpu_s"] = row["cpu_s"]
    return summary | summarise_damage_states(rows)


def _row(case: str, tool: str, **found: Value) -> Row:
    empty: Row = dict.fromkeys(COLUMNS)
    return {**empty, "case": case, "tool": tool, **found}


if __name__ == "__main__":
    main()
