"""Thousands of mutated files and region files: is each read, or refused in a sentence?

``python -m benchmarks.fuzz --inputs 5000 --out fuzz.json``
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.fuzz.summary import COLUMNS, OUTCOMES, markdown, summarise
from benchmarks.record import Record, Row, print_summary, print_table, write_record

TESTS = ("tests/observations/readers/test_fuzz.py", "tests/pipeline/run_folder/test_fuzz.py")
FIRST_SEED = 1000


def main(argv: Sequence[str] | None = None) -> None:
    """Run the long fuzzer, or take its counts from a file, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=5000, help="of all files and keys together")
    parser.add_argument("--counts", type=Path, help="that a fuzzer wrote (STRANDLINE_FUZZ_COUNTS); else it runs")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    with TemporaryDirectory() as folder:
        counts = arguments.counts
        if counts is None:
            counts = Path(folder) / "counts.json"
            fuzz(arguments.inputs, counts)
        rows = [row_of(line) for line in counts.read_text(encoding="utf-8").splitlines()]
    record = Record("fuzz", "simulated", {}, [FIRST_SEED], rows, summarise(rows))
    write_record(record, arguments.out, markdown(record))
    print_table(record, COLUMNS)
    print_summary(record)


def fuzz(inputs: int, counts: Path) -> None:
    """Run the tests; a fault fails one of them, and is among the counts."""
    environment = os.environ | {"STRANDLINE_FUZZ": str(inputs), "STRANDLINE_FUZZ_COUNTS": str(counts)}
    command = [sys.executable, "-m", "pytest", "-q", "-m", "fuzz", *TESTS]
    subprocess.run(command, cwd=Path(__file__).parents[2], env=environment, check=False)


def row_of(line: str) -> Row:
    """One line of the counts."""
    counts = json.loads(line)
    outcomes = {name: int(counts.get(name, 0)) for name in OUTCOMES}
    inputs = sum(number for name, number in outcomes.items() if name != "hangs")  # a hang is also read or refused
    return {"mutated": str(counts["fuzzer"]), "inputs": inputs, **outcomes}


if __name__ == "__main__":
    main()
