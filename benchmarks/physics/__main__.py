"""Accuracy and cost of the inundation solver: exact solutions, SFINCS at Caorle, and three peers.

``python -m benchmarks.physics --sfincs DATA/sfincs [--peers landlab geoswe anuga] --out physics.json``
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.physics import run
from benchmarks.physics.coarse_cells import coarse_cells
from benchmarks.physics.sfincs_case import read_sfincs_case
from benchmarks.physics.summary import COLUMNS, markdown, summarise
from benchmarks.record import Record, print_summary, print_table, sha256, write_record


def main(argv: Sequence[str] | None = None) -> None:
    """Run the cases, summarise, and write the record."""
    arguments = _parser().parse_args(argv)
    rows = [*run.rest_and_mass(), *run.dam_breaks()]
    data = {}
    if arguments.sfincs:
        for name in ("caorle_50m", "caorle_150m"):
            data[name] = sha256(arguments.sfincs / name)
        fine = read_sfincs_case(arguments.sfincs / "caorle_50m")
        rows += [*run.caorle_50m(fine), *coarse_cells(fine)]
        rows += run.caorle_150m(read_sfincs_case(arguments.sfincs / "caorle_150m"))
    rows += run.speed(arguments.peers, arguments.peers_python, arguments.peer_hours)
    if arguments.device != "cpu":
        rows += run.device_speed(arguments.device)
    record = Record("physics", "real" if data else "simulated", data, [run.SEED], rows, summarise(rows))
    write_record(record, arguments.out, markdown(record))
    print_table(record, COLUMNS[:-1])
    print_summary(record)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sfincs", type=Path, help="folder with caorle_50m and caorle_150m")
    parser.add_argument("--peers", nargs="*", default=[], choices=["landlab", "geoswe", "anuga"])
    parser.add_argument("--peers-python", default=sys.executable, help="interpreter that has the peers installed")
    parser.add_argument("--peer-hours", type=float, default=24.0, help="simulated hours of each peer")
    parser.add_argument("--device", default="cpu", help="also run the batched solver on this torch device")
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    main()
