"""Storm surge at a gauge that hardly speaks, on real tide gauges.

``python -m benchmarks.surge --gauges LEVELS.csv --stations STATIONS.csv [--storms TRACKS.csv.gz] --target NAME …
--train 2012-01-01/2013-12-31 --test 2014-01-01/2014-12-31 --record-fraction 0.05 --leads 0 6 12 24 --seeds 5
--out surge.json``
"""

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import Manager, get_context
from pathlib import Path
from queue import Empty

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from benchmarks.record import Record, command_of, print_summary, sha256, write_record
from benchmarks.surge.gauges import numbers_of, read_gauges
from benchmarks.surge.methods import Budget
from benchmarks.surge.run import Plan, Question, answer
from benchmarks.surge.summary import markdown, summarise


def main(words: Sequence[str] | None = None) -> None:
    arguments = _parser().parse_args(words)
    files = (arguments.gauges, arguments.stations, arguments.constants, arguments.storms)
    gauges = read_gauges(*files)
    numbers_of(gauges, arguments.target)
    train, test = (tuple(span.split("/")) for span in (arguments.train, arguments.test))
    for span in (train, test):
        gauges.within(*span)
    budget = Budget(**{name: max(2, round(steps * arguments.effort)) for name, steps in vars(Budget()).items()})
    plan = Plan(tuple(arguments.record_fraction), tuple(arguments.leads), arguments.seeds, budget)
    questions = [Question(*files, target, train, test, plan, arguments.work) for target in arguments.target]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar,
        Manager() as manager,
        ProcessPoolExecutor(arguments.processes, mp_context=get_context("spawn")) as pool,
    ):
        task, told = bar.add_task("", total=len(questions) * len(plan.fractions) * plan.seeds), manager.Queue()
        threads = max(1, arguments.processes // len(questions))
        futures = [pool.submit(answer, question, threads, told) for question in questions]
        while not all(future.done() for future in futures) or not told.empty():
            with suppress(Empty):
                word = told.get(timeout=1)
                bar.update(task, description=word or "", advance=0 if word else 1)
        rows = [row for future in futures for row in future.result()]
    kinds = ("gauges", "stations", "constants", "storms")
    data = {name: sha256(path) for name, path in zip(kinds, files, strict=True) if path}
    record = Record("surge", "real", data, list(range(plan.seeds)), rows, summarise(rows))
    command = command_of("benchmarks.surge", arguments, leave_out=("work", "processes", "out"))
    write_record(record, arguments.out, markdown(record, command))
    print_summary(record)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gauges", type=Path, required=True, help="hourly levels, a column a station")
    parser.add_argument("--stations", type=Path, required=True, help="where they are")
    parser.add_argument("--storms", type=Path, help="tracks of cyclones, IBTrACS as CSV")
    parser.add_argument("--constants", type=Path, help="published tides, for records of less than 15 days")
    parser.add_argument("--target", nargs="+", required=True, help="gauges that hardly speak, one at a time")
    parser.add_argument("--train", required=True, help="first and last day, as 2012-01-01/2013-12-31")
    parser.add_argument("--test", required=True, help="likewise")
    parser.add_argument("--record-fraction", type=float, nargs="+", default=[0.05], help="of the training record")
    parser.add_argument("--leads", type=int, nargs="+", default=[0, 6, 12, 24], help="[h], 0 to 48")
    parser.add_argument("--seeds", type=int, default=5, help="draws of the labelled weeks")
    parser.add_argument("--effort", type=float, default=1.0, help="share of the optimiser steps, for a try")
    parser.add_argument("--processes", type=int, default=2, help="gauges side by side, or threads of a single one")
    parser.add_argument("--work", type=Path, help="folder where finished rows wait, so that a run can go on")
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    main()
