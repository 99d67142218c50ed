"""Damage of floods to assets: differences from CLIMADA's ``ImpactCalc`` and from the definition, and cost.

``python -m benchmarks.impact [--climada-python .venv-climada/bin/python] [--parts …] --out impact.json``
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.impact import run
from benchmarks.impact.damage_states import FIRST_TEST_COAST, FIRST_TUNING_COAST, damage_state_rows
from benchmarks.impact.summary import COLUMNS, PARTS, WET, markdown, part_of, summarise
from benchmarks.record import Record, kept_rows, print_summary, print_table, write_record


def main(argv: Sequence[str] | None = None) -> None:
    """Measure the chosen parts, keep the rows of the others, and write the record."""
    arguments = _parser().parse_args(argv)
    rows = kept_rows(arguments.out, part_of, arguments.parts)
    if "events" in arguments.parts:
        pythons = {"strandline": sys.executable, "climada": arguments.climada_python, "reference": sys.executable}
        rows += [row for case in WET for row in run.event_impacts(case, pythons, (arguments.assets, arguments.events))]
    if "isolation" in arguments.parts:
        rows += run.isolation()
    if "damage_states" in arguments.parts:
        rows += damage_state_rows(arguments.tuning_coasts, arguments.test_coasts, arguments.work)
    rows = [{**dict.fromkeys(COLUMNS), **row} for row in sorted(rows, key=lambda row: PARTS.index(part_of(row)))]
    seeds = [run.SEED, *(FIRST_TUNING_COAST + i for i in range(arguments.tuning_coasts))]
    seeds += [FIRST_TEST_COAST + i for i in range(arguments.test_coasts)]
    record = Record("impact", "simulated", {}, seeds, rows, summarise(rows))
    write_record(record, arguments.out, markdown(record))
    print_table(record, COLUMNS)
    print_summary(record)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--climada-python", default=sys.executable, help="interpreter that has CLIMADA installed")
    parser.add_argument("--assets", type=int, default=run.ASSETS)
    parser.add_argument("--events", type=int, default=run.EVENTS)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="other parts keep their rows in --out")
    parser.add_argument(
        "--tuning-coasts", "--recipe-coasts", type=int, default=2, help="coasts on which the method of a run is chosen"
    )
    parser.add_argument("--test-coasts", type=int, default=4)
    parser.add_argument("--work", type=Path, default=Path("runs/impact"), help="folder for finished coasts")
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    main()
