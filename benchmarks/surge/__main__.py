"""Forecasts of the water level at real tide gauges, with the weather as it was issued.

``python -m benchmarks.surge --data FOLDER [--sets salish_sea texas …] --out surge.json`` runs the named sets of gauges;
``python -m benchmarks.surge --gauges FILE … --stations STATIONS.csv [--weather FILE …] [--operational FILE …]
[--high-waters] [--train 2012-01-01/2013-12-31 --test 2014-01-01/2014-12-31] --out surge.json`` runs any others.
"""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.record import Record, Rows, print_summary, sha256, write_record
from benchmarks.surge.methods.registry import METHODS
from benchmarks.surge.records.gauge import GaugeSet
from benchmarks.surge.records.given import read_given
from benchmarks.surge.records.sets import SETS
from benchmarks.surge.run import Plan, run_gauge
from benchmarks.surge.summary import markdown, summarise
from benchmarks.surge.weather import MODES
from benchmarks.workers import run_parts
from strandline.errors import InputError


def main(argv: Sequence[str] | None = None) -> None:
    """Run every target gauge, summarise, and write the record."""
    arguments = _parser().parse_args(argv)
    sets = _read(arguments)
    known = [gauge.name for gauge_set in sets for gauge in gauge_set.gauges]
    if unknown := sorted(set(arguments.target or ()) - set(known)):
        raise InputError(f"targets {unknown}", "are no gauge", f"choose from {', '.join(known)}")
    plan = Plan(
        arguments.seeds,
        tuple(arguments.modes),
        tuple(arguments.methods),
        arguments.record_fraction,
        tuple(arguments.leads) if arguments.leads else None,
        arguments.work,
    )
    parts = [
        partial(run_gauge, gauge_set, gauge.name, plan)
        for gauge_set in sets
        for gauge in gauge_set.gauges
        if not arguments.target or gauge.name in arguments.target
    ]
    rows = [row for found in run_parts(parts, arguments.processes, len(parts) * plan.seeds) for row in found]
    files = [*(arguments.gauges or ()), *(arguments.weather or ()), *(arguments.operational or ())]
    files += [path for path in (arguments.stations, arguments.storms) if path is not None]
    folders = {gauge_set.name: arguments.data / gauge_set.name for gauge_set in sets} if arguments.data else {}
    data = {name: sha256(path) for name, path in ({path.name: path for path in files} | folders).items()}
    tables: dict[str, Rows] = {
        "sets": _notes(sets),
        "published": [peer for gauge_set in sets for peer in gauge_set.peers],
    }
    record = Record("surge", "real", data, list(range(plan.seeds)), rows, summarise(rows), tables)
    write_record(record, arguments.out, markdown(record))
    print_summary(record)


def _read(arguments: argparse.Namespace) -> list[GaugeSet]:
    if bool(arguments.data) == bool(arguments.gauges):
        raise InputError("data", "comes from --data or from --gauges", "give one of the two")
    if arguments.data:
        return [SETS[name](arguments.data / name) for name in arguments.sets or SETS]
    periods = (arguments.train or (), arguments.test or ())
    return [
        read_given(
            arguments.gauges,
            arguments.stations,
            arguments.weather or (),
            arguments.operational or (),
            periods,
            high_waters=arguments.high_waters,
        )
    ]


def _notes(sets: Sequence[GaugeSet]) -> list[dict[str, str]]:
    return [
        {
            "set": gauge_set.name, "target": gauge.name, "datum": gauge.datum,
            "weather": ", ".join(c.name for c in gauge.forcing.columns) if gauge.forcing else "none",
            "note": gauge.note, "source": gauge_set.source,
        }
        for gauge_set in sets for gauge in gauge_set.gauges
    ]  # fmt: skip


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of the sets, one folder each")
    parser.add_argument("--sets", nargs="+", choices=list(SETS), metavar="SET", help="of --data; else all")
    parser.add_argument("--gauges", type=Path, nargs="+", help="hourly levels [m]: a column a station, or a file each")
    parser.add_argument("--stations", type=Path, help="positions and datums of the stations")
    parser.add_argument("--weather", type=Path, nargs="+", help="files of weather for all of the gauges")
    parser.add_argument("--operational", type=Path, nargs="+", help="PETSS forecasts, a file a gauge")
    parser.add_argument("--high-waters", action="store_true", help="score high waters alone")
    parser.add_argument("--storms", type=Path, help="cyclone tracks, IBTrACS as CSV; no method here uses them yet")
    parser.add_argument("--train", nargs="+", help="training periods, as 2012-01-01/2013-12-31; else blocks")
    parser.add_argument("--test", nargs="+", help="test periods, likewise")
    parser.add_argument("--target", nargs="+", help="target gauges, one at a time; else all")
    parser.add_argument("--record-fraction", type=float, help="known share of training; else that of the set")
    parser.add_argument("--leads", type=int, nargs="+", help="[h]; else those of the set")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=["none", "analysis", "forecast"], metavar="MODE")
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS), metavar="METHOD")
    parser.add_argument("--seeds", type=int, default=5, help="draws of the known weeks")
    parser.add_argument("--processes", type=int, default=1, help="gauges at a time")
    parser.add_argument("--work", type=Path, help="folder for finished rows")
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    main()
