"""``python -m benchmarks.tides``: leave stations of tidal constants out, take their tide from those around them, and
measure by how much the tides of two stations differ."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.record import Record, print_summary, print_table, sha256, write_record
from benchmarks.tides.corrections import OTHERS, SEED, corrections
from benchmarks.tides.run import MAIN, cases_of, read_tides
from benchmarks.tides.summary import COLUMNS, markdown, scores, summarise


def main(argv: Sequence[str] | None = None) -> None:
    """Leave out, interpolate, compare, measure how tides differ, and write the record."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tides", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with tides/")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(argv)
    rows = scores(list(cases_of(*read_tides(options.data / "tides"))))
    species, constituents = corrections(*read_tides(options.data / "tides", (*MAIN, *OTHERS)))
    tables = {"corrections": species, "constituents": constituents}
    data = {"tides": sha256(options.data / "tides")}
    record = Record("tides", "real", data, [SEED], rows, summarise(rows), tables)
    write_record(record, options.out, markdown(record))
    print_table(record, COLUMNS)
    print_summary(record)


if __name__ == "__main__":
    main()
