"""``python -m benchmarks.tidal_flats``: learn from earlier scenes of a flat, and predict wet and dry of later ones."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.record import Record, Row, print_summary, print_table, sha256, write_record
from benchmarks.tidal_flats.controls import control_rows, controls_of
from benchmarks.tidal_flats.levels import fit_to_scenes, read_table
from benchmarks.tidal_flats.picture import draw
from benchmarks.tidal_flats.run import rows_of, tide_rows
from benchmarks.tidal_flats.scenes import Flat, read_flat, read_later, require_enough, split_by_time, to_learn_from
from benchmarks.tidal_flats.summary import COLUMNS, markdown, summarise

FIRST = 0.6
"""Share of the scenes, the first ones, that is learnt from where no file of later ones is given."""
DRAWN = ("fitted", "waterlines")


def main(argv: Sequence[str] | None = None) -> None:
    """Read, split by time, fit, predict, score, and write the record."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tidal_flats", description=__doc__)
    parser.add_argument("--scenes", type=Path, required=True, help="NPZ: ndwi, time, x, y, crs; elevation if surveyed")
    parser.add_argument(
        "--later", type=Path, help="NPZ of the scenes to predict, same grid, all later; else the last 40 %% of --scenes"
    )
    parser.add_argument("--constants", type=Path, required=True, help="TICON table of tidal constants")
    parser.add_argument("--station", required=True, help="its station, by id or name")
    parser.add_argument("--stations", type=Path, help="positions of the stations; stations.csv.gz beside --constants")
    parser.add_argument("--seed", type=int, default=0, help="of the draws of the intervals")
    parser.add_argument("--picture", type=Path, help="PNG to draw")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(argv)
    flat = read_flat(options.scenes)
    whole, later = split_by_time(flat, FIRST) if options.later is None else (flat, read_later(options.later, flat))
    earlier = to_learn_from(whole)
    require_enough(earlier, options.scenes)
    table = read_table(options.constants, options.station, options.stations, flat)
    rows, counts = rows_of(earlier, later, table, options.seed)
    controls, of_controls = control_rows(controls_of(flat, earlier, later, table, FIRST), options.seed)
    tide = fit_to_scenes(table, earlier)
    tables = {
        "controls": controls,
        "tide": tide_rows(table, tide),
        "split": [_part("earlier", whole, earlier), _part("later", later, to_learn_from(later))],
        "scenes": counts,
    }
    files = [options.scenes, options.later, options.constants]
    data = {path.name: sha256(path) for path in files if path is not None}
    summary: Row = {**summarise(rows, [*counts, *of_controls], options.seed), "table_distance_km": table.distance}
    record = Record("tidal_flats", "real", data, [options.seed], rows, summary, tables)
    write_record(record, options.out, markdown(record))
    print_table(record, COLUMNS)
    print_summary(record)
    if options.picture is not None:
        draw(earlier, later, table, tide, _drawn(rows), options.picture)


def _drawn(rows: list[Row]) -> float:
    """The cut of the waterlines with the fitted tide, which the picture shows."""
    return next(float(row["cut"] or 0) for row in rows if (row["level_source"], row["method"]) == DRAWN)


def _part(name: str, flat: Flat, usable: Flat) -> Row:
    """What one part of the split holds."""
    time = flat.water.time
    return {
        "part": name, "scenes": len(flat.water), "clear_enough": len(usable.water), "first": str(time.min())[:10],
        "last": str(time.max())[:10], "cells_changing": int(usable.water.changes.sum()),
    }  # fmt: skip


if __name__ == "__main__":
    main()
