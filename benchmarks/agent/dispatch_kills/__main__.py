"""``python -m benchmarks.agent.dispatch_kills --kills 1000 --out FILE.json``: kill the sender, and count."""

import argparse
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.agent.dispatch_kills.run import WAYS, dispatch_kills
from benchmarks.agent.dispatch_kills.summary import markdown, summarise
from benchmarks.record import Record, Row, print_summary, print_table, write_record


def main() -> None:
    """Kill, count, and write the record."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.agent.dispatch_kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="JSON file to write; a table is written beside it")
    given = parser.parse_args()
    with TemporaryDirectory() as work:
        found = asdict(dispatch_kills(given.kills, Path(work), given.seed))
    by_way: dict[str, int] = found.pop("by_way")
    rows: list[Row] = [{"way": way, "kills": by_way.get(way, 0)} for way in WAYS]
    record = Record("agent.dispatch_kills", "simulated", {}, [given.seed], rows, summarise(rows, found))
    if given.out is not None:
        write_record(record, given.out, markdown(record))
    print_table(record, ("way", "kills"))
    print_summary(record)


if __name__ == "__main__":
    main()
