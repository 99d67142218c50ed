"""Speed of the networks, of distillation, of the commands, and the share of the machine's matrix-product rate.

``python -m benchmarks.speed [--parts networks learning start quick busy demo] --out speed.json``
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.record import Record, kept_rows, print_table, write_record
from benchmarks.speed.run import PARTS, rows_of
from benchmarks.speed.summary import COLUMNS, markdown, summarise


def main(argv: Sequence[str] | None = None) -> None:
    """Measure the chosen parts, keep the rows of the others, and write the record."""
    arguments = _parser().parse_args(argv)
    rows = kept_rows(arguments.out, lambda row: str(row["part"]), arguments.parts)
    with tempfile.TemporaryDirectory() as work:
        for part in PARTS:
            if part in arguments.parts:
                found = rows_of(part, arguments.threads, arguments.seconds, Path(work))
                rows += [{"part": part, **dict.fromkeys(COLUMNS), **row} for row in found]
    rows.sort(key=lambda row: PARTS.index(str(row["part"])))
    record = Record("speed", "simulated", {}, [0], rows, summarise(rows))
    write_record(record, arguments.out, markdown(record))
    print_table(record, COLUMNS)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="other parts keep their rows in --out")
    parser.add_argument("--threads", type=int, default=2, help="for the networks and the matrix product")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each measurement of a network")
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    main()
