"""Cases of the physics benchmark: exact solutions, SFINCS at Caorle, and the speed of the solvers."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import torch

from benchmarks.physics import batched_solver
from benchmarks.physics.bandwidth import BYTES_PER_CELL_STEP, triad_bytes_per_second
from benchmarks.physics.dam_break import local_inertial_dam_break, run_dam_break, stoker_dam_break
from benchmarks.physics.sfincs_case import SfincsCase
from benchmarks.physics.storm import make_storm
from benchmarks.physics.summary import COLUMNS
from benchmarks.record import Row, Value
from strandline.errors import InputError
from strandline.simulator.hydrodynamics.basin import Basin
from strandline.simulator.hydrodynamics.forcing import Forcing
from strandline.simulator.hydrodynamics.inundation import Inundation, inundate

SEED = 0
WET = 0.05
"""Depth from which a cell counts as wet [m]."""


def row(case: str, solver: str = "strandline", **measured: Value) -> Row:
    """A row with every column; those that were not measured are empty."""
    empty: Row = dict.fromkeys(COLUMNS)
    return {**empty, "case": case, "solver": solver, **measured}


def rest_and_mass() -> list[Row]:
    """Still water on a random bed, and a surge with wetting and drying."""
    generator = np.random.default_rng(SEED)
    bed = generator.uniform(-3.0, 3.0, (64, 64))
    sea = np.zeros(bed.shape, dtype=bool)
    sea[:, 0] = True
    basin = Basin(bed, np.full(bed.shape, 0.03), 30.0, sea)
    seconds = np.linspace(0.0, 6 * 3600.0, 25)
    still = inundate(
        basin, Forcing(seconds, np.full((1, 25), 0.7)), initial_level=np.array([0.7]), output_times=seconds[-1:]
    )
    rest_error = float(np.abs(still.levels[0, 0] - np.maximum(bed, 0.7)).max())
    surge = 2.5 * np.sin(np.pi * seconds / seconds[-1])
    flood = inundate(basin, Forcing(seconds, surge[None]), initial_level=np.zeros(1))
    return [
        row(
            "lake_at_rest",
            rest_error_m=rest_error,
            mass_error=float(still.mass_error[0]),
            note="random bed, open edge, 6 h",
        ),
        row("mass_balance", mass_error=float(flood.mass_error[0]), note="2.5 m surge in and out, wetting and drying"),
    ]


def dam_breaks() -> list[Row]:
    """Frictionless dam breaks on 800 cells: exact solutions of the own equations and of the full shallow-water ones."""
    rows = []
    for right in (1.0, 1.6):
        x, depth, mass_error = run_dam_break(800, 2.0, right)
        for name, exact in (("exact", local_inertial_dam_break), ("stoker", stoker_dam_break)):
            error = float(np.sqrt(np.mean((depth - exact(x, 25.0, 2.0, right)) ** 2)))
            of = "the local-inertial equations" if name == "exact" else "the full shallow-water equations"
            rows.append(
                row(
                    f"dam_break_2_to_{right:g}_{name}",
                    rmse_m=error,
                    mass_error=mass_error,
                    note=f"exact solution of {of}",
                )
            )
    return rows


def run_case(case: SfincsCase, until: float | None = None) -> tuple[Inundation, float]:
    """The inundation of a SFINCS case, to a time [s], and its CPU seconds."""
    began = time.process_time()
    flood = inundate(
        case.basin,
        case.forcing if until is None else case.until(until),
        initial_level=np.array([case.initial_level]),
        output_times=case.station_time if until is None else None,
        scheme=case.scheme,
    )
    return flood, time.process_time() - began


def caorle_50m(case: SfincsCase) -> list[Row]:
    """RMSE of the water level against SFINCS at three stations, every 10 minutes over 24 h."""
    flood, seconds = run_case(case)
    levels = flood.levels[0][:, case.station_cell[:, 0], case.station_cell[:, 1]]
    errors = np.sqrt(np.mean((levels - case.station_level) ** 2, axis=0))
    return [
        row(
            f"caorle_50m_station_{index + 1}",
            cpu_s=seconds,
            cell_steps_per_cpu_s=flood.cell_steps / seconds,
            rmse_m=float(error),
            mass_error=float(flood.mass_error[0]),
            note="against SFINCS, 145 levels; a model, not an observation",
        )
        for index, error in enumerate(errors)
    ]


def caorle_150m(case: SfincsCase) -> list[Row]:
    """Maximum level and extent against the subgrid run of SFINCS, for three wet depths."""
    if case.greatest_level is None:
        raise InputError("caorle_150m", "sfincs_map.nc is missing", "it holds zsmax, which this case is scored by")
    flood, seconds = run_case(case, case.greatest_until)
    bed = case.mean_bed
    land = np.isfinite(bed) & ~case.basin.open_boundary
    their_depth = np.where(np.isnan(case.greatest_level), 0.0, case.greatest_level - bed)  # NaN: dry in SFINCS
    rows = []
    for wet in (WET, 0.15, 0.30):
        theirs, ours = land & (their_depth >= wet), land & (flood.max_level[0] - bed >= wet)
        both = theirs & ours
        rows.append(
            row(
                f"caorle_150m_zsmax_{wet:.2f}m",
                cpu_s=seconds,
                cell_steps_per_cpu_s=flood.cell_steps / seconds,
                rmse_m=float(np.sqrt(np.mean((flood.max_level[0] - case.greatest_level)[both] ** 2))),
                csi=float(both.sum() / (ours | theirs).sum()),
                mass_error=float(flood.mass_error[0]),
                note=f"wet from {wet:.2f} m over the mean bed: both {both.sum()}, only SFINCS "
                f"{(theirs & ~ours).sum()}, only ours {(ours & ~theirs).sum()} cells; with rain, subgrid tables, a "
                f"thin dam, a pump and a culvert; greatest level of the first {case.greatest_until / 3600:.1f} h",
            )
        )
    return rows


def speed(peers: Sequence[str], python: str, hours: float) -> list[Row]:
    """The same storm by every solver, one core and one process each."""
    storm = make_storm(256, SEED)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "storm.npz"
        np.savez(path, **asdict(storm))
        run_peer("strandline", sys.executable, path, 0.01)  # compiles once per installation; not counted
        whole, _ = run_peer("strandline", sys.executable, path, 24.0)
        run_peer("strandline_drivers", sys.executable, path, 0.01)
        drivers, _ = run_peer("strandline_drivers", sys.executable, path, 24.0)
        reference_depth = None
        if peers:
            _, reference_depth = run_peer("strandline", sys.executable, path, hours)
        rows += [whole, drivers]
        for name in peers:
            found, depth = run_peer(name, python, path, hours)
            if depth is not None and reference_depth is not None:
                wet = (depth > WET) | (reference_depth > WET)
                found["rmse_m"] = float(np.sqrt(np.nanmean((depth - reference_depth)[wet] ** 2)))
            rows.append(found)
    rows.append(large_grid())
    return rows


def run_peer(name: str, python: str, storm: Path, hours: float) -> tuple[Row, np.ndarray | None]:
    """Run one solver in its own process; our time is that of the whole process, a peer's that of its solver alone."""
    script = Path(__file__).parent / "peers" / f"{name}_flood.py"
    out = storm.with_name(f"{name}.json")
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [python, str(script), str(storm), str(out), str(hours)],
        env={**os.environ, **one_thread},
        capture_output=True,
        text=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    case = f"storm_256_{hours:g}h"
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit code {done.returncode}"
        return row(case, name, note=f"ABSENT: {reason}"), None
    found = json.loads(out.read_text())
    process = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    counted = process if name.startswith("strandline") else found["solving_cpu_s"]
    measured = row(
        case,
        name,
        cpu_s=process,
        cell_steps_per_cpu_s=found["cells"] * found["steps"] / counted,
        steps=found["steps"],
        solving_cpu_s=found["solving_cpu_s"],
        version=found["version"],
        note=found["note"]
        + ("" if hours == 24 else f"; first {hours:g} h of the storm only, final depth against ours"),
    )
    return measured, np.array(found["depth"], dtype=float)


def large_grid() -> Row:
    """A grid larger than any cache, against the memory bandwidth of this machine."""
    storm = make_storm(2048, SEED)
    basin = Basin(storm.bed, np.full(storm.bed.shape, storm.manning), storm.cell_size, storm.sea)
    level, start = np.full((1, 2), 3.0), np.array([2.0])
    taken, done = [], []
    for seconds in (0.1, 60.0, 360.0):  # the first compiles; the difference of the other two excludes set-up
        began = time.process_time()
        flood = inundate(basin, Forcing(np.array([0.0, seconds]), level), initial_level=start)
        taken.append(time.process_time() - began)
        done.append(flood.cell_steps)
    rate = (done[2] - done[1]) / (taken[2] - taken[1])
    stream, cached = triad_bytes_per_second(2**25), triad_bytes_per_second(2**17)
    return row(
        "grid_2048",
        cell_steps_per_cpu_s=rate,
        mass_error=float(flood.mass_error[0]),
        bandwidth_share=rate * BYTES_PER_CELL_STEP / stream,
        triad_bytes_per_s=stream,
        triad_in_cache_bytes_per_s=cached,
        note=f"{BYTES_PER_CELL_STEP} bytes a cell-step; one core's triad moves {stream / 1e9:.1f} GB/s from memory and "
        f"{cached / 1e9:.1f} GB/s from cache",
    )


def device_speed(device: str) -> list[Row]:
    """The batched solver: 64 storms of 256 × 256 cells, ten simulated minutes near the peak."""
    storm = make_storm(256, SEED)
    basin = Basin(storm.bed, np.full(storm.bed.shape, storm.manning), storm.cell_size, storm.sea)
    rows = []
    for precision in ("float32", "float64"):
        for minutes in (1.0, 10.0):  # the first run warms up the device
            began = time.perf_counter()
            flood = inundate(
                basin,
                Forcing(np.array([0.0, minutes * 60]), np.full((64, 2), 3.0)),
                initial_level=np.full(64, 2.0),
                solve=partial(batched_solver.solve, device=device, precision=getattr(torch, precision)),
            )
            seconds = time.perf_counter() - began
        rows.append(
            row(
                f"storms_64_{device}_{precision}",
                cell_steps_per_wall_s=flood.cell_steps / seconds,
                mass_error=float(flood.mass_error.max()),
                note=f"{flood.cell_steps / seconds:.2g} cell-steps per second of wall time, host copies included",
            )
        )
    return rows
