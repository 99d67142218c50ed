"""``python -m benchmarks.extremes``: return levels of 30-year records against 10 000 simulated years."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from benchmarks.extremes.gauges import read_gauges, rows_of_gauge
from benchmarks.extremes.run import TEST_SEED, rows_of_sea
from benchmarks.extremes.seas import Name
from benchmarks.extremes.summary import markdown, summarise
from benchmarks.progress import Progress
from benchmarks.record import Record, Row, kept_rows, print_summary, sha256, write_record

SEAS: tuple[Name, ...] = get_args(Name)


def main(argv: Sequence[str] | None = None) -> None:
    """Simulate, estimate, and write the record."""
    options = _parser().parse_args(argv)
    rows: list[Row] = kept_rows(options.out, lambda row: str(row["sea"]), options.seas)
    pieces: list[Row] = []
    if options.data is not None:
        for gauge in read_gauges(options.data):
            pieces += rows_of_gauge(gauge, options.first_seed)
    peer = None if options.peers_python is None else (options.peers_python, options.peer_records)
    with Progress() as bar:
        blocks = -(-options.years // options.record_years)
        task = bar.add_task("records", total=len(options.seas) * options.coasts * blocks)
        for name in options.seas:
            for coast in range(options.coasts):
                seed = options.first_seed + coast
                rows += rows_of_sea(
                    name, seed, options.years, options.records, options.record_years, peer, lambda: bar.advance(task)
                )
    data = {} if options.data is None else {"gauges": sha256(options.data / "gauges" / "netherlands")}
    seeds = [options.first_seed + coast for coast in range(options.coasts)]
    tables = {"pieces": pieces} if pieces else {}
    record = Record("extremes", "simulated", data, seeds, rows, summarise(rows, pieces), tables)
    write_record(record, options.out, markdown(record))
    print_summary(record)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.extremes", description=__doc__)
    parser.add_argument("--seas", nargs="+", choices=SEAS, default=list(SEAS))
    parser.add_argument("--coasts", type=int, default=1, help="of each sea, with seeds from --first-seed on")
    parser.add_argument("--first-seed", type=int, default=TEST_SEED, help="settings were chosen on 2000000 and above")
    parser.add_argument("--years", type=int, default=10_000, help="simulated for the truth")
    parser.add_argument("--records", type=int, default=150, help="of these years that levels are estimated from")
    parser.add_argument("--record-years", type=int, default=30)
    parser.add_argument("--data", type=Path, help="folder with gauges/ and storms/; without it no real gauge")
    parser.add_argument("--peers-python", type=Path, help="python of an environment with pyextremes")
    parser.add_argument("--peer-records", type=int, default=30, help="records that pyextremes gets")
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    main()
