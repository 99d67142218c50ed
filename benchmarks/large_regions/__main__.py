"""Maps of large regions: the cost of tiles, speed and memory, and equal results on clusters.

``python -m benchmarks.large_regions --run RUN [--parts size damage boxes] [--edges 1000 2500]
--out large_regions.json``
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.large_regions import scale, tiling
from benchmarks.large_regions.summary import COLUMNS, markdown, summarise
from benchmarks.record import Record, Row, kept_rows, print_table, write_record

PARTS = ("choice", "tiling", "cluster", "size", "damage", "boxes")
CHOICE_COASTS = (600, 601)
"""Coasts on which the tile size was chosen; those of ``tiling`` had no part in that choice."""
WORKERS = [1, 2, 4]


def main(argv: Sequence[str] | None = None) -> None:
    """Measure the chosen parts, keep the rows of the others, and write the record after each part."""
    arguments = _parser().parse_args(argv)
    rows = kept_rows(arguments.out, lambda row: str(row["part"]), arguments.parts)
    for part in arguments.parts:
        with tempfile.TemporaryDirectory() as work:
            rows += [{**dict.fromkeys(COLUMNS), **row} for row in _rows(part, arguments, Path(work))]
        rows.sort(key=lambda row: PARTS.index(str(row["part"])))
        seeds = [*CHOICE_COASTS, *arguments.coasts]
        record = Record("large_regions", "simulated", {}, seeds, rows, summarise(rows))
        write_record(record, arguments.out, markdown(record))
    print_table(record, COLUMNS)


def _rows(part: str, arguments: argparse.Namespace, work: Path) -> Iterator[Row]:
    if part in ("choice", "tiling"):
        for seed in CHOICE_COASTS if part == "choice" else arguments.coasts:
            yield from ({"part": part, **row} for row in tiling.rows_of(seed))
    elif part == "cluster":
        yield from scale.cluster_rows(arguments.run, arguments.cluster_edge, WORKERS, work)
    elif part == "boxes":
        yield from scale.boxes_rows(arguments.run, arguments.boxes, work)
    else:
        rows_of = scale.size_rows if part == "size" else scale.damage_rows
        yield from rows_of(arguments.run, arguments.edges, work)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="folder of a finished `strandline run`")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="other parts keep their rows in --out")
    parser.add_argument("--coasts", type=int, nargs="+", default=[610, 611], help="seeds of the tiling part")
    parser.add_argument("--edges", type=int, nargs="+", default=[1000, 2500, 10000], help="[cells], of size and damage")
    parser.add_argument("--boxes", type=int, nargs="+", default=[100, 1000], help="numbers of regions")
    parser.add_argument("--cluster-edge", type=int, default=600, help="[cells], of the region of the cluster part")
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    main()
