"""A river mouth in floods: how well its level is forecast, what each driver brings, and how the river was chosen.

``python -m benchmarks.surge.dong_hoi --data FOLDER/quang_binh --out benchmarks/results/dong_hoi.json``

Scores are those of `benchmarks.surge`. The rain of the coming hours is the measured one with errors that grow with
lead: no forecast of it was kept.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from queue import Queue

from benchmarks.record import Record, Rows, print_summary, sha256, write_record
from benchmarks.surge.dong_hoi.run import METHODS, RIVERS, choice, shares, task_of
from benchmarks.surge.dong_hoi.summary import markdown, summarise
from benchmarks.surge.methods.forecaster import fit_task
from benchmarks.surge.records.sets import quang_binh
from benchmarks.surge.run import Plan, run_gauge


def main(argv: Sequence[str] | None = None) -> None:
    """Score, choose, explain, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the set quang_binh")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    gauge_set = quang_binh.read(arguments.data)
    rows = run_gauge(gauge_set, quang_binh.MOUTH, Plan(1, ("none", "forecast"), METHODS), Queue())
    task = task_of(gauge_set, gauge_set.gauges[0])
    tables: dict[str, Rows] = {
        "left_out_weeks": [choice(gauge_set, river) for river in RIVERS],
        "shares": shares(task, fit_task(task)),
    }
    record = Record(
        "surge.dong_hoi", "real", {"quang_binh": sha256(arguments.data)}, [0], rows, summarise(rows), tables
    )
    write_record(record, arguments.out, markdown(record))
    print_summary(record)


if __name__ == "__main__":
    main()
