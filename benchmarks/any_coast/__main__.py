"""``python -m benchmarks.any_coast``: from a box on the map to a report, as a newcomer types it."""

import argparse
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from benchmarks.any_coast.places import PLACES
from benchmarks.any_coast.run import VARIANTS, rows_of
from benchmarks.any_coast.services import published_tables
from benchmarks.any_coast.summary import markdown, summarise
from benchmarks.record import Record, Row, kept_rows, print_summary, sha256, write_record

_USED = ("tides/ticon_ccby_constituents.csv.gz", "tides/stations.csv.gz", "storms/ibtracs_jtwc_1980_2024.csv.gz")


def main(argv: Sequence[str] | None = None) -> None:
    """Serve, type, time, and write the record; rows of an earlier result that are not measured again are kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.any_coast", description=__doc__)
    parser.add_argument("--places", nargs="+", choices=sorted(PLACES), default=sorted(PLACES))
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    parser.add_argument("--data", type=Path, help="folder of published tables; STRANDLINE_DATA if left out")
    parser.add_argument("--until", type=date.fromisoformat, default=date(2026, 11, 1), help="end of the records")
    parser.add_argument("--folder", type=Path, default=Path("build/any_coast"), help="where places and runs are kept")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(argv)
    data = published_tables(options.data)
    measured = {f"{place}, {variant}" for place in options.places for variant in options.variants}
    rows: list[Row] = kept_rows(options.out, lambda row: f"{row['place']}, {row['variant']}", measured)
    for place in options.places:
        for variant in options.variants:
            work = options.folder.absolute() / "newcomers" / f"{place}-{variant.replace(' ', '-')}"
            shutil.rmtree(work, ignore_errors=True)
            rows += rows_of(place, variant, options.folder, work, options.until, data)
            inputs = {} if data is None else {name: sha256(data / name) for name in _USED}
            seeds = sorted(PLACES[name].seed for name in {str(row["place"]) for row in rows})
            record = Record("any_coast", "simulated", inputs, seeds, rows, summarise(rows))
            write_record(record, options.out, markdown(record))
    print_summary(record)


if __name__ == "__main__":
    main()
