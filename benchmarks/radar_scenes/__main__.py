"""``python -m benchmarks.radar_scenes``: what radar scenes are worth whose sea level no gauge read."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.radar_scenes.run import TEST_SEED, rows_of
from benchmarks.radar_scenes.summary import markdown, summarise
from benchmarks.record import Record, Row, print_summary, write_record


def main(argv: Sequence[str] | None = None) -> None:
    """Simulate, map with each knowledge of the level, and write the record."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.radar_scenes", description=__doc__)
    parser.add_argument("--coasts", type=int, default=16)
    parser.add_argument("--first-seed", type=int, default=TEST_SEED)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(argv)
    seeds = [options.first_seed + coast for coast in range(options.coasts)]
    rows: list[Row] = [row for seed in seeds for row in rows_of(seed)]
    record = Record("radar_scenes", "simulated", {}, seeds, rows, summarise(rows))
    write_record(record, options.out, markdown(record))
    print_summary(record)


if __name__ == "__main__":
    main()
