"""A delta whose land sinks by 2 cm a year: levels, damage and pathways, with and without.

``python -m benchmarks.subsidence --out benchmarks/results/subsidence.json``
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.record import Record, Row, print_summary, write_record
from benchmarks.subsidence import run
from benchmarks.subsidence.summary import markdown, summarise
from strandline.pipeline.study_area import BUILT_IN_SEED, BUILT_IN_SIZES


def main(argv: Sequence[str] | None = None) -> None:
    """Simulate one delta, assess each case, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=64, choices=sorted(BUILT_IN_SIZES), help="along the delta's edge")
    parser.add_argument("--samples", type=int, default=40, help="Monte-Carlo samples")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    years, storms = BUILT_IN_SIZES[arguments.cells]
    prepared = run.prepare(arguments.cells, years, storms, arguments.seed, arguments.samples)
    rows: list[Row] = list(run.rises(prepared.area.baseline))
    for name, subsidence in run.cases(prepared.area).items():
        rows += run.assess(prepared, name, subsidence, arguments.seed)
    record = Record("subsidence", "simulated", {}, [BUILT_IN_SEED, arguments.seed], rows, summarise(rows))
    write_record(record, arguments.out, markdown(record))
    print_summary(record)


if __name__ == "__main__":
    main()
