"""Storm surge at a gauge that hardly speaks, on real tide gauges.

``python -m benchmarks.surge --gauges LEVELS.csv --stations STATIONS.csv --target NAME … --train 2012-01-01/2013-12-31
--test 2014-01-01/2014-12-31 --record-fraction 0.05 --leads 0 6 12 24 --seeds 5 --out surge.json``
"""

import argparse
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from benchmarks.record import Record, print_summary, sha256, write_record
from benchmarks.surge.gauges import numbers_of, read_gauges
from benchmarks.surge.methods import Budget
from benchmarks.surge.run import Plan, Row, run_target
from benchmarks.surge.summary import summarise


def main() -> None:
    arguments = _parser().parse_args()
    torch.set_num_threads(arguments.threads)
    gauges = read_gauges(arguments.gauges, arguments.stations, arguments.constants)
    train, test = (gauges.within(*span.split("/")) for span in (arguments.train, arguments.test))
    budget = Budget(**{name: max(2, round(steps * arguments.effort)) for name, steps in vars(Budget()).items()})
    plan = Plan(tuple(arguments.record_fraction), tuple(arguments.leads), arguments.seeds, budget)
    targets = numbers_of(gauges, arguments.target)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    rows: list[Row] = []
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=len(targets) * len(plan.fractions) * plan.seeds)
        for target in targets:
            for found in run_target(gauges, target, train, test, plan, lambda told: bar.update(task, description=told)):
                rows += found
                bar.advance(task)
    data = {"gauges": sha256(arguments.gauges), "stations": sha256(arguments.stations)}
    record = Record("surge", "real", data, list(range(plan.seeds)), rows, summarise(rows))
    write_record(record, arguments.out)
    print_summary(record)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gauges", type=Path, required=True, help="hourly levels, a column a station")
    parser.add_argument("--stations", type=Path, required=True, help="where they are")
    parser.add_argument("--constants", type=Path, help="published tides, for records of less than 15 days")
    parser.add_argument("--target", nargs="+", required=True, help="gauges that hardly speak, one at a time")
    parser.add_argument("--train", required=True, help="first and last day, as 2012-01-01/2013-12-31")
    parser.add_argument("--test", required=True, help="likewise")
    parser.add_argument("--record-fraction", type=float, nargs="+", default=[0.05], help="of the training record")
    parser.add_argument("--leads", type=int, nargs="+", default=[0, 6, 12, 24], help="[h], 0 to 48")
    parser.add_argument("--seeds", type=int, default=5, help="draws of the labelled weeks")
    parser.add_argument("--effort", type=float, default=1.0, help="share of the optimiser steps, for a try")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    main()
