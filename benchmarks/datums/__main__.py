"""Shifts of gauges and terrain: which ones do the checks of datums find, and do they doubt good data?

``python -m benchmarks.datums --data DATA --out datums.json``
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.datums import run
from benchmarks.datums.summary import COLUMNS, markdown, summarise
from benchmarks.record import Record, print_summary, print_table, sha256, write_record

FIRST_TEST_COAST = 500


def main(argv: Sequence[str] | None = None) -> None:
    """Shift, check, count, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the example's data")
    parser.add_argument("--coasts", type=int, default=20, help="simulated ones, from seed 500")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    seeds = list(range(FIRST_TEST_COAST, FIRST_TEST_COAST + arguments.coasts))
    rows = [*run.simulated(seeds), *run.gauges(arguments.data / "gauges")]
    record = Record("datums", "real", {"gauges": sha256(arguments.data / "gauges")}, seeds, rows, summarise(rows))
    write_record(record, arguments.out, markdown(record))
    print_table(record, COLUMNS)
    print_summary(record)


if __name__ == "__main__":
    main()
