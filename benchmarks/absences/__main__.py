"""``python -m benchmarks.absences``: what each absent stream costs, in metres, people and money."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.absences.run import TEST_SEED, rows_of
from benchmarks.absences.summary import markdown, summarise
from benchmarks.record import Record, Row, command_of, print_summary, write_record


def main(argv: Sequence[str] | None = None) -> None:
    """Simulate, drop streams, and write the record."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.absences", description=__doc__)
    parser.add_argument("--coasts", type=int, default=8)
    parser.add_argument("--first-seed", type=int, default=TEST_SEED)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(argv)
    seeds = [options.first_seed + coast for coast in range(options.coasts)]
    rows: list[Row] = [row for seed in seeds for row in rows_of(seed)]
    record = Record("absences", "simulated", {}, seeds, rows, summarise(rows))
    write_record(record, options.out, markdown(record, command_of("benchmarks.absences", options, ("out",))))
    print_summary(record)


if __name__ == "__main__":
    main()
