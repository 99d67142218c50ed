"""``python -m benchmarks RESULT.json …``: write the Markdown tables of finished results again from their rows."""

import argparse
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from benchmarks.record import page_of, read_record


def main(argv: Sequence[str] | None = None) -> None:
    """Write ``RESULT.md`` beside each result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("results", nargs="+", type=Path, help="JSON files that a benchmark wrote")
    for path in parser.parse_args(argv).results:
        path.with_suffix(".md").write_text(table_of(path))
        print(path.with_suffix(".md"))


def table_of(path: Path) -> str:
    """The page of a result."""
    record = read_record(path)
    return page_of(record, import_module(f"benchmarks.{record.benchmark}.summary").markdown(record))


if __name__ == "__main__":
    main()
