"""One simulated delta, planned with the costs of two countries under low and high discount rates.

``python -m benchmarks.planning --out planning.json``
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.planning.run import SEED, plans, simulate_delta
from benchmarks.planning.summary import COLUMNS, markdown, summarise
from benchmarks.record import Record, print_summary, print_table, write_record
from strandline.observations.region_file.prices.preset import PRESETS


def main(argv: Sequence[str] | None = None) -> None:
    """Simulate, plan, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", nargs="+", choices=PRESETS, default=["bangladesh", "vietnam"])
    parser.add_argument("--rates", nargs="+", type=float, default=[0.03, 0.12])
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    rows = list(plans(simulate_delta(), arguments.presets, arguments.rates))
    record = Record("planning", "simulated", {}, [SEED], rows, summarise(rows))
    write_record(record, arguments.out, markdown(record))
    print_table(record, COLUMNS)
    print_summary(record)


if __name__ == "__main__":
    main()
