"""Which mistakes in a region file or its data does ``strandline check`` find, and with which words?

``python -m benchmarks.check --data DATA --out check.json``
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.check.mistakes import CONSTANTS, MAXIMA, mistakes
from benchmarks.check.run import check_mistakes
from benchmarks.check.summary import COLUMNS, markdown, summarise
from benchmarks.record import Record, print_summary, print_table, sha256, write_record

REGION = Path(__file__).parents[2] / "examples" / "caorle.toml"


def main(argv: Sequence[str] | None = None) -> None:
    """Make each mistake, check, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the example's data")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    rows = list(check_mistakes(REGION, arguments.data, mistakes()))
    digests = {name: sha256(arguments.data / name) for name in ("sfincs/caorle_50m", "gauges", MAXIMA, CONSTANTS)}
    record = Record("check", "real", digests, [], rows, summarise(rows))
    write_record(record, arguments.out, markdown(record))
    print_table(record, COLUMNS)
    print_summary(record)


if __name__ == "__main__":
    main()
