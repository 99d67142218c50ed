"""``python -m benchmarks.absences``: what each absent stream costs, in metres, people and money."""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.absences.run import TEST_SEED, rows_of
from benchmarks.absences.streams import stream_rows
from benchmarks.absences.summary import markdown, summarise
from benchmarks.record import Record, Row, finished_rows, print_summary, write_record
from strandline.models.weights.load_weights import load_students, load_teacher


def main(argv: Sequence[str] | None = None) -> None:
    """Simulate, drop streams, and write the record."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.absences", description=__doc__)
    parser.add_argument("--coasts", type=int, default=8)
    parser.add_argument("--first-seed", type=int, default=TEST_SEED)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--keep", type=Path, help="folder for the rows of each coast, so that a run can be continued")
    options = parser.parse_args(argv)
    seeds = [options.first_seed + coast for coast in range(options.coasts)]
    teacher, students = load_teacher(), load_students(site_shape=(32, 32))
    rows: list[Row] = []
    streams: list[Row] = []
    for seed in seeds:
        levels, dropped = (
            None if options.keep is None else options.keep / f"{part}_{seed}.json" for part in ("levels", "streams")
        )
        rows += finished_rows(levels, partial(rows_of, seed))
        streams += finished_rows(dropped, partial(stream_rows, seed, teacher, students))
    record = Record("absences", "simulated", {}, seeds, rows, summarise(rows, streams), {"streams": streams})
    write_record(record, options.out, markdown(record))
    print_summary(record)


if __name__ == "__main__":
    main()
