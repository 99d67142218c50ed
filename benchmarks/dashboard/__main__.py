"""The dashboard's map on a slow network and on a large grid, in Chromium without a graphics card.

``python -m benchmarks.dashboard --run runs/demo --out dashboard.json``
"""

import argparse
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.dashboard.browser import DESK, PHONE, first_view, pan, served
from benchmarks.dashboard.large_grid import resampled
from benchmarks.dashboard.summary import COLUMNS, markdown, summarise
from benchmarks.record import Record, Row, print_table, sha256, write_record

CELLS = 1000


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and write the record."""
    arguments = _parser().parse_args(argv)
    with tempfile.TemporaryDirectory() as work:
        rows = list(_rows(arguments, Path(work)))
    record = Record("dashboard", "simulated", {arguments.run.name: sha256(arguments.run)}, [], rows, summarise(rows))
    write_record(record, arguments.out, markdown(record))
    print_table(record, COLUMNS)


def _rows(arguments: argparse.Namespace, work: Path) -> Iterator[Row]:
    small = work / "small"
    shutil.copytree(arguments.run, small, ignore=shutil.ignore_patterns("watch*"))
    if "network" in arguments.parts:
        with served(small) as address:
            first_view(address, arguments.chromium, PHONE)  # the server's own first time is not the network's
            for _ in range(arguments.times):
                for viewport in (PHONE, DESK):
                    found = first_view(address, arguments.chromium, viewport)
                    yield {**dict.fromkeys(COLUMNS), "what": "slow 3G", "width": viewport["width"], **found}
    if "pan" in arguments.parts:
        with served(resampled(arguments.run, CELLS, work / "large")) as address:
            for _ in range(arguments.times):
                for viewport in (PHONE, DESK):
                    found = pan(address, arguments.chromium, viewport, arguments.seconds)
                    yield {**dict.fromkeys(COLUMNS), "what": "pan", "width": viewport["width"], **found}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="a finished run")
    parser.add_argument("--parts", nargs="+", choices=("network", "pan"), default=("network", "pan"))
    parser.add_argument("--times", type=int, default=3, help="of each measurement")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each pan")
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="its program")
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    main()
