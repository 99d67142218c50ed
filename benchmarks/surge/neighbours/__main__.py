"""Surge forecasts at real tide gauges with short and incomplete records.

``python -m benchmarks.surge.neighbours --gauges LEVELS.csv --stations STATIONS.csv [--storms TRACKS.csv.gz]
--target NAME … --train 2012-01-01/2013-12-31 --test 2014-01-01/2014-12-31 --record-fraction 0.05 --leads 0 6 12 24
--seeds 5 --out surge.json``
"""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.record import Record, command_of, print_summary, sha256, write_record
from benchmarks.surge.neighbours.methods import Budget
from benchmarks.surge.neighbours.records.gauges import read_gauges, station_indices
from benchmarks.surge.neighbours.run import GaugeTarget, Plan, run_target
from benchmarks.surge.neighbours.summary import markdown, summarise
from benchmarks.workers import run_parts


def main(argv: Sequence[str] | None = None) -> None:
    """Run every target gauge in its own process, summarise, and write the record."""
    arguments = _parser().parse_args(argv)
    files = (arguments.gauges, arguments.stations, arguments.constants, arguments.storms)
    gauges = read_gauges(*files)
    station_indices(gauges, arguments.target)
    train, test = (tuple(span.split("/")) for span in (arguments.train, arguments.test))
    for span in (train, test):
        gauges.within(*span)
    budget = Budget(**{name: max(2, round(steps * arguments.effort)) for name, steps in vars(Budget()).items()})
    plan = Plan(tuple(arguments.record_fraction), tuple(arguments.leads), arguments.seeds, budget)
    gauge_targets = [GaugeTarget(*files, target, train, test, plan, arguments.work) for target in arguments.target]
    threads = max(1, arguments.processes // len(gauge_targets))
    parts = [partial(run_target, gauge_target, threads) for gauge_target in gauge_targets]
    steps = len(gauge_targets) * len(plan.fractions) * plan.seeds
    rows = [row for found in run_parts(parts, arguments.processes, steps) for row in found]
    kinds = ("gauges", "stations", "constants", "storms")
    data = {name: sha256(path) for name, path in zip(kinds, files, strict=True) if path}
    record = Record("surge.neighbours", "real", data, list(range(plan.seeds)), rows, summarise(rows))
    command = command_of("benchmarks.surge.neighbours", arguments, leave_out=("work", "processes", "out"))
    write_record(record, arguments.out, markdown(record, command))
    print_summary(record)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gauges", type=Path, required=True, help="hourly levels [m], one column per station")
    parser.add_argument("--stations", type=Path, required=True, help="positions and datums of the stations")
    parser.add_argument("--storms", type=Path, help="cyclone tracks, IBTrACS as CSV")
    parser.add_argument("--constants", type=Path, help="published tidal constants, for records of less than 15 days")
    parser.add_argument("--target", nargs="+", required=True, help="target gauges, one at a time")
    parser.add_argument("--train", required=True, help="training period, as 2012-01-01/2013-12-31")
    parser.add_argument("--test", required=True, help="test period, likewise")
    parser.add_argument("--record-fraction", type=float, nargs="+", default=[0.05], help="labelled share of training")
    parser.add_argument("--leads", type=int, nargs="+", default=[0, 6, 12, 24], help="[h], 0 to 48")
    parser.add_argument("--seeds", type=int, default=5, help="draws of the labelled weeks")
    parser.add_argument("--effort", type=float, default=1.0, help="factor on the optimiser steps, for a quick try")
    parser.add_argument("--processes", type=int, default=2, help="gauges in parallel, or threads of a single one")
    parser.add_argument("--work", type=Path, help="folder for finished rows")
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    main()
