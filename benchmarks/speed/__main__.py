"""How fast the tool is, and what share of the machine's matrix-product rate its networks reach.

``python -m benchmarks.speed [--parts networks learning start quick demo] --out speed.json``
"""

import argparse
import json
import tempfile
from pathlib import Path

import torch

from benchmarks.record import Record, Value, markdown_table, print_table, write_record
from benchmarks.speed import learning, networks, program
from benchmarks.speed.clock import matrix_product_rate

COLUMNS = ("what", "value", "unit", "peer", "ratio", "share_of_limit", "bar", "met", "note")
PARTS = ("networks", "learning", "start", "quick", "demo")
Row = dict[str, Value]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="others keep their rows in --out")
    parser.add_argument("--threads", type=int, default=2, help="of the networks and of the matrix product")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each measurement of a network")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    kept = json.loads(arguments.out.read_text())["rows"] if arguments.out.exists() else []
    rows = [row for row in kept if row["part"] not in arguments.parts]
    with tempfile.TemporaryDirectory() as work:
        for part in PARTS:
            if part in arguments.parts:
                found = measure(part, arguments.threads, arguments.seconds, Path(work))
                rows += [{"part": part, **dict.fromkeys(COLUMNS), **row} for row in found]
    rows.sort(key=lambda row: PARTS.index(str(row["part"])))
    record = Record("speed", "simulated", {}, [0], rows, summarise(rows))
    write_record(record, arguments.out)
    command = f"python -m benchmarks.speed --out {arguments.out.name}"
    arguments.out.with_suffix(".md").write_text(f"`{command}`\n\n" + markdown_table(rows, COLUMNS))
    print_table(record, COLUMNS)


def measure(part: str, threads: int, seconds: float, work: Path) -> list[Row]:
    """The rows of one part."""
    if part == "start":
        return program.starting_rows()
    if part == "quick":
        return program.quick_rows(work)
    if part == "demo":
        return program.demo_rows(work)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        if part == "learning":
            return learning.rows_of(turns=max(2, round(seconds)))
        rate = matrix_product_rate(seconds)
        limit: Row = {"what": f"matrix product, {threads} threads", "value": rate / 1e9, "unit": "1e9 operations/s"}
        return [limit, *networks.rows_of(rate, seconds)]
    finally:
        torch.set_num_threads(before)


def summarise(rows: list[Row]) -> dict[str, Value]:
    """Which bars were met, by what was measured."""
    return {str(row["what"]): row["met"] for row in rows if row["bar"] is not None}


if __name__ == "__main__":
    main()
