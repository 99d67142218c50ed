"""``python -m benchmarks RESULT.json …``: write the Markdown tables of finished results again from their rows."""

import argparse
import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from benchmarks.record import read_record

SUPERSEDED = {"surge": "49ed25a", "surge_netherlands": "ffc8353"}
"""Result → commit that wrote it, where its benchmark has since changed what a row holds: its table stays as it was
written until the benchmark has run again, and then its entry goes."""


def main(argv: Sequence[str] | None = None) -> None:
    """Write ``RESULT.md`` beside each result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("results", nargs="+", type=Path, help="JSON files that a benchmark wrote")
    for path in parser.parse_args(argv).results:
        path.with_suffix(".md").write_text(table_of(path))
        print(path.with_suffix(".md"))


def table_of(path: Path) -> str:
    """The table of a result; the command is that of the old table."""
    old = path.with_suffix(".md").read_text()
    if SUPERSEDED.get(path.stem) == json.loads(path.read_text())["commit"]:
        return old
    record = read_record(path)
    command = old.splitlines()[0].strip(" `")
    return str(import_module(f"benchmarks.{record.benchmark}.summary").markdown(record, command))


if __name__ == "__main__":
    main()
