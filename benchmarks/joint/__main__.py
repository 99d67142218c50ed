"""``python -m benchmarks.joint --out benchmarks/results/joint.json``: events of several drivers beside long truth."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.joint.run import BASINS, TARGETS, TUNING, Effort, dependence_rows, rows_of
from benchmarks.joint.summary import markdown, summarise
from benchmarks.progress import Progress
from benchmarks.record import Record, Row, print_summary, write_record
from benchmarks.statistics import number


def main(argv: Sequence[str] | None = None) -> None:
    """Simulate the truth, fit every record, and write the record."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.joint", description=__doc__)
    parser.add_argument("--coasts", type=int, default=4, help="test coasts, by turns of either basin")
    parser.add_argument("--records", type=int, default=6, help="records of 30 years of each")
    parser.add_argument("--long-records", type=int, default=4, help="records of 250 years of each")
    parser.add_argument("--truth-years", type=int, default=10000, help="of each coast, in blocks of 50")
    parser.add_argument("--samples", type=int, default=40, help="parameters drawn for a range")
    parser.add_argument("--years", type=int, default=1500, help="simulated with each of them")
    parser.add_argument("--tuning-records", type=int, default=6, help="of each tuning coast, for the dependence")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(argv)
    effort = Effort(options.truth_years, options.records, options.long_records, options.samples, options.years)
    rows: list[Row] = []
    dependence: list[Row] = []
    with Progress() as bar:
        task = bar.add_task("coasts", total=options.coasts + len(BASINS))
        for basin in BASINS:
            dependence += dependence_rows(TUNING, basin, options.tuning_records)
            bar.advance(task)
        for i in range(options.coasts):
            rows += rows_of(TARGETS + i, BASINS[i % len(BASINS)], effort)
            bar.advance(task)
    seeds = [TUNING, *range(TARGETS, TARGETS + options.coasts)]
    tables = {"dependence": dependence}
    record = Record("joint", "simulated", {}, seeds, rows, summarise(rows) | _scores(dependence), tables)
    write_record(record, options.out, markdown(record))
    print_summary(record)


def _scores(rows: Sequence[Row]) -> Row:
    models = sorted({str(row["model"]) for row in rows})
    found: Row = {}
    for model in models:
        for score in ("energy_score", "log_likelihood"):
            values = [number(row, score) for row in rows if row["model"] == model and row[score] is not None]
            if values:
                found[f"dependence held out {model} {score}"] = sum(values) / len(values)
    return found


if __name__ == "__main__":
    main()
