"""Floods of the sea, of rain and of a river on simulated coasts.

``python -m benchmarks.compound --coasts 8 --seeds 5 --out benchmarks/results/compound.json``
"""

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.compound import run
from benchmarks.compound.summary import markdown, summarise
from benchmarks.delta.coasts import simulate
from benchmarks.delta.methods import Budget, digest, weights_of
from benchmarks.progress import Progress
from benchmarks.record import Record, Row, finished_rows, print_summary, write_record
from strandline.models.weights.load_weights import load_students, load_teacher


def main(argv: Sequence[str] | None = None) -> None:
    """Simulate the coasts, run every method, and write the record; finished coasts and seeds are kept in the cache."""
    options = _parser().parse_args(argv)
    torch.set_num_threads(1)
    budget = Budget(members=options.members)
    weights = weights_of([*load_students()[: budget.members], load_teacher()])
    key = digest(options.events, options.years, options.size, options.members, run.SEEN, run.UNSEEN, weights)
    rows: list[Row] = []
    cases = [(run.TARGETS + i, seed) for seed in range(options.seeds) for i in range(options.coasts)]
    with Progress() as bar:
        task = bar.add_task("coasts", total=len(cases))
        for coast, seed in cases:
            path = None
            if options.cache is not None:
                path = options.cache / f"compound-rows-{coast}-{seed}-{key}.json"
            rows += finished_rows(path, lambda coast=coast, seed=seed: _rows(coast, seed, budget, options))  # type: ignore[misc]
            bar.advance(task)
    data = {"networks": hashlib.sha256(weights).hexdigest()}
    record = Record("compound", "simulated", data, list(range(options.seeds)), rows, summarise(rows))
    write_record(record, options.out, markdown(record))
    print_summary(record)


def _rows(coast: int, seed: int, budget: Budget, options: argparse.Namespace) -> list[Row]:
    simulated = simulate(coast, options.events, options.years, options.size, options.cache, compound=True)
    return list(run.rows_of(simulated, seed, budget))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--coasts", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=5, help="of the split into past and held storms")
    parser.add_argument("--events", type=int, default=36, help="storms of each coast")
    parser.add_argument("--years", type=float, default=12.0, help="length of each record")
    parser.add_argument("--size", type=int, default=64, help="cells along an edge")
    parser.add_argument("--members", type=int, default=3, help="students")
    parser.add_argument("--cache", type=Path, help="folder for simulated coasts and finished rows")
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    main()
