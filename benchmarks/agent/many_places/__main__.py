"""What the watch of many places in one process costs: processor time, memory and growth of the databases.

``python -m benchmarks.agent.many_places --region examples/caorle.toml --data FOLDER --run runs/caorle
--out benchmarks/results/many_places.json``

`strandline watch` replays the same hours for copies of one finished run, which share nothing but the process.
"""

import argparse
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.agent.many_places.summary import markdown, summarise
from benchmarks.record import Record, Row, print_summary, sha256, write_record
from benchmarks.speed.program import COMMAND, spend

COUNTS, START, END, HOURS = (20, 200), "2022-11-22T00", "2022-11-22T12", (1, 13)
"""Numbers of places, and the hours that each replays: the difference is without what opening costs."""
DATABASE = "watch.db"


def main(argv: Sequence[str] | None = None) -> None:
    """Replay, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--region", type=Path, required=True, help="region file of a real place")
    parser.add_argument("--data", type=Path, required=True, help="folder that its paths start from")
    parser.add_argument("--run", type=Path, required=True, help="its finished run")
    parser.add_argument("--places", type=int, nargs="+", default=COUNTS)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    given = arguments.region, arguments.data, arguments.run
    rows = [row for count in arguments.places for row in rows_of(*given, count)]
    record = Record(
        "agent.many_places", "real", {arguments.region.name: sha256(arguments.region)}, [0], rows, summarise(rows)
    )
    write_record(record, arguments.out, markdown(record))
    print_summary(record)


def rows_of(region: Path, data: Path, run: Path, count: int) -> list[Row]:
    """A row for the first hour of so many places, and one for some more hours of each."""
    rows: list[Row] = []
    for hours in HOURS:
        with tempfile.TemporaryDirectory(dir=run.resolve().parent) as work:  # beside the run: its files are linked
            folder, files = Path(work), [Path(work, f"place{number:03d}.toml") for number in range(count)]
            for file in files:
                shutil.copy(region, file)
                shutil.copytree(run, folder / "runs" / file.stem, ignore=_without_watch, copy_function=os.link)
            spent = spend(
                *COMMAND,
                "watch",
                *map(str, files),
                "--run",
                str(folder / "runs" / files[0].stem if count == 1 else folder / "runs"),
                "--data",
                str(data.resolve()),
                "--replay",
                f"{START}/{END}",
                *(["--once"] if hours == 1 else []),
            )
            size = sum(path.stat().st_size for path in folder.glob(f"runs/*/{DATABASE}*"))
        row: Row = {"places": count, "hours": hours, "wall_s": spent.wall_s, "cpu_s": spent.cpu_s}
        rows.append(row | {"peak_mb": spent.peak_mb, "database_kb": size / 1000})
    first, more = rows
    steps = count * (HOURS[1] - HOURS[0])
    cpu, wall, grown = (float(str(more[key])) - float(str(first[key])) for key in ("cpu_s", "wall_s", "database_kb"))
    each: Row = {"cpu_s_per_step": cpu / steps, "steps_per_s": steps / wall, "database_kb_per_step": grown / steps}
    return [first, more | each]


def _without_watch(_: str, names: list[str]) -> list[str]:
    """What an earlier watch has left in a run's folder."""
    return [name for name in names if name.startswith("watch") and name != "watch.json"]


if __name__ == "__main__":
    main()
