"""What floods do to assets: is it right and what does it cost, beside CLIMADA's ``ImpactCalc`` and the bare definition.

``python -m benchmarks.impact [--climada-python .venv-climada/bin/python] --out impact.json``
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.record import Record, Value, markdown_table, print_summary, print_table, write_record
from strandline.observations import ASSET_CLASSES
from strandline.risk.vulnerability import curve

SEED = 0
ASSETS, EVENTS = 100_000, 1_000
WET = {"wet_10": 0.10, "wet_100": 1.0}
COLUMNS = ("case", "tool", "cpu_s", "peak_mb", "max_relative_difference", "note")
PEERS = Path(__file__).parent / "peers"
Row = dict[str, Value]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--climada-python", default=sys.executable, help="interpreter that has CLIMADA installed")
    parser.add_argument("--assets", type=int, default=ASSETS)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    pythons = {"strandline": sys.executable, "climada": arguments.climada_python, "reference": sys.executable}
    rows = [row for case in WET for row in event_impacts(case, pythons, (arguments.assets, arguments.events))]
    record = Record("impact", "simulated", {}, [SEED], rows, summarise(rows))
    write_record(record, arguments.out)
    command = f"python -m benchmarks.impact --climada-python PYTHON --out {arguments.out.name}"
    arguments.out.with_suffix(".md").write_text(f"`{command}`\n\n" + markdown_table(rows, COLUMNS))
    print_table(record, COLUMNS)
    print_summary(record)


def event_impacts(case: str, pythons: dict[str, str], size: tuple[int, int]) -> list[Row]:
    """The same floods and assets by every tool, one process each; ours is compared with each of the others."""
    curves = np.stack([np.maximum.accumulate(curve(name, "asia")[0]) for name in ASSET_CLASSES])
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


def summarise(rows: Sequence[Row]) -> dict[str, Value]:
    """The numbers that the bars are about."""
    summary: dict[str, Value] = {}
    for case in WET:
        of_case = {row["tool"]: row for row in rows if row["case"] == case}
        summary[f"{case}_cpu_s"] = of_case["strandline"]["cpu_s"]
        summary[f"{case}_peak_mb"] = of_case["strandline"]["peak_mb"]
        for tool in ("climada", "reference"):
            summary[f"{case}_difference_from_{tool}"] = of_case[tool]["max_relative_difference"]
        own, theirs = of_case["strandline"]["cpu_s"], of_case["climada"]["cpu_s"]
        summary[f"{case}_times_climada"] = float(theirs) / float(own) if theirs and own else None
    return summary


def _row(case: str, tool: str, **found: Value) -> Row:
    empty: Row = dict.fromkeys(COLUMNS)
    return {**empty, "case": case, "tool": tool, **found}


if __name__ == "__main__":
    main()
