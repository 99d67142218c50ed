"""Regions too large for a run: what tiles cost, how fast and in how much memory, and on how many workers alike.

``python -m benchmarks.large_regions --run RUN [--parts choice tiling cluster size] [--edges 1000 2500]
--out mosaic.json``
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.large_regions import scale, tiling
from benchmarks.record import Record, Value, markdown_table, print_table, write_record

COLUMNS = (*("part", "what", "coast", "memory", "reach", "overlap", "cells", "value", "unit", "bar", "met", "note"),)
PARTS = ("choice", "tiling", "cluster", "size")
CHOICE_COASTS = (600, 601)
"""On which the tiles were chosen; those of the tiling nobody had looked at before."""
WORKERS = [1, 2, 4]
Row = dict[str, Value]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="folder of a finished `strandline run`")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="others keep their rows in --out")
    parser.add_argument("--coasts", type=int, nargs="+", default=[610, 611], help="seeds, of the tiling")
    parser.add_argument("--edges", type=int, nargs="+", default=[1000, 2500, 10000], help="[cells], of the sizes")
    parser.add_argument("--cluster-edge", type=int, default=600, help="[cells], of the region that workers share")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    kept = json.loads(arguments.out.read_text())["rows"] if arguments.out.exists() else []
    rows: list[Row] = [row for row in kept if row["part"] not in arguments.parts]
    for part in arguments.parts:
        with tempfile.TemporaryDirectory() as work:
            rows += [{**dict.fromkeys(COLUMNS), **row} for row in _rows(part, arguments, Path(work))]
        rows.sort(key=lambda row: PARTS.index(str(row["part"])))
        record = Record("mosaic", "simulated", {}, [*CHOICE_COASTS, *arguments.coasts], rows, summarise(rows))
        write_record(record, arguments.out)
    command = f"python -m benchmarks.large_regions --run RUN --out {arguments.out.name}"
    arguments.out.with_suffix(".md").write_text(f"`{command}`\n\n" + markdown_table(rows, COLUMNS))
    print_table(record, COLUMNS)


def _rows(part: str, arguments: argparse.Namespace, work: Path) -> Iterator[Row]:
    if part in ("choice", "tiling"):
        for seed in CHOICE_COASTS if part == "choice" else arguments.coasts:
            yield from ({"part": part, **row} for row in tiling.rows_of(seed))
    elif part == "cluster":
        yield from scale.cluster_rows(arguments.run, arguments.cluster_edge, WORKERS, work)
    else:
        yield from scale.size_rows(arguments.run, arguments.edges, work)


def summarise(rows: list[Row]) -> dict[str, Value]:
    """Mean overlap with the truth over the coasts, by memory and tiles, and which bars were met."""
    found: dict[str, Value] = {}
    by: dict[str, list[float]] = {}
    for row in rows:
        if row["part"] in ("choice", "tiling"):
            name = f"{row['part']}: IoU by {row['memory']}, tiles of {row['reach']} over {row['overlap']}"
            by.setdefault(name, []).append(float(str(row["value"])))
        elif row["bar"] is not None:
            found[f"{row['part']}: {row['what']}"] = row["met"]
    return {name: sum(values) / len(values) for name, values in by.items()} | found


if __name__ == "__main__":
    main()
