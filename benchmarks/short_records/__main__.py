"""``python -m benchmarks.short_records``: return levels of 2, 6 and 12 years beside those of the whole record."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.record import Record, print_summary, sha256, write_record
from benchmarks.short_records.run import rows_of
from benchmarks.short_records.summary import markdown, summarise


def main(argv: Sequence[str] | None = None) -> None:
    """Estimate, compare, and write the record."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.short_records", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with gauges/, extremes/ and storms/")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(argv)
    rows = list(rows_of(options.data, options.seed))
    data = {name: sha256(options.data / name) for name in ("gauges/netherlands", "extremes")}
    record = Record("short_records", "real", data, [options.seed], rows, summarise(rows))
    write_record(record, options.out, markdown(record))
    print_summary(record)


if __name__ == "__main__":
    main()
