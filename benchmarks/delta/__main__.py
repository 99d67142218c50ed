"""``python -m benchmarks.delta``: distillation on simulated coasts, where the truth is known."""

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch
from rich.progress import Progress

from benchmarks.delta.coasts import SimulatedCoast, difficulty_of, simulate
from benchmarks.delta.methods import Budget, digest, weights_of
from benchmarks.delta.outages import CONDITIONS
from benchmarks.delta.run import TARGETS, TUNING_COASTS, rows_of
from benchmarks.delta.summary import markdown, summarise
from benchmarks.record import Record, Row, finished_rows, numeric_options, print_summary, write_record
from strandline.distillation.pretraining.simulated_coasts import FIRST_SEED
from strandline.models.weights.load_weights import load_students, load_teacher

DECISIVE = (
    *("coasts", "tuning_coasts", "events", "years", "label_fractions", "seeds", "size", "members", "steps"),
    *("scratch_steps", "outages"),
)
"""Options that change numbers."""


def main(argv: Sequence[str] | None = None) -> None:
    """Simulate the coasts, run every method, summarise, and write the record."""
    options = _parser().parse_args(argv)
    torch.set_num_threads(options.threads)
    budget = Budget(options.steps, options.scratch_steps, members=options.members)
    tests: dict[int, tuple[str, ...]] = {TARGETS + i: ("normal", "extreme") for i in range(options.coasts)}
    tests |= {TUNING_COASTS + i: ("high",) for i in range(options.tuning_coasts)}
    rows: list[Row] = []
    coasts: list[Row] = []
    with Progress() as bar:
        task = bar.add_task("coasts", total=len(tests) * options.seeds)
        replay = [_coast(FIRST_SEED + i, options) for i in range(options.replay_coasts + 1)]
        for seed_of_coast, of_coast in tests.items():
            coast = _coast(seed_of_coast, options)
            coasts.append({"coast": coast.seed, "extremes": int(coast.extreme.sum()), **vars(difficulty_of(coast))})
            for seed in range(options.seeds):
                rows += _finished(coast, seed, of_coast, replay, budget, options)
                bar.advance(task)
    data = {"networks": hashlib.sha256(_weights(budget)).hexdigest()}
    seeds = list(range(options.seeds))
    record = Record("delta", "simulated", data, seeds, rows, summarise(rows, coasts), {"coasts": coasts})
    command = f"python -m benchmarks.delta {numeric_options(options, DECISIVE)}"
    write_record(record, options.out, markdown(record, command))
    print_summary(record)


def _coast(seed: int, options: argparse.Namespace) -> SimulatedCoast:
    return simulate(seed, options.events, options.years, options.size, options.cache)


def _finished(
    coast: SimulatedCoast,
    seed: int,
    tests: tuple[str, ...],
    replay: Sequence[SimulatedCoast],
    budget: Budget,
    options: argparse.Namespace,
) -> list[Row]:
    """The rows of one coast and seed, from the cache where they were finished with the same weights and options."""
    fractions = options.label_fractions
    path = None
    if options.cache is not None:
        decisive = (fractions, options.events, options.years, options.size, options.replay_coasts, budget, tests)
        path = options.cache / f"rows-{coast.seed}-{seed}-{digest(decisive, _weights(budget))}.json"
    return finished_rows(path, lambda: rows_of(coast, seed, tests, replay, budget, fractions, options.outages))


def _weights(budget: Budget) -> bytes:
    """Weights of the networks that take part."""
    return weights_of([load_teacher(), *load_students()[: budget.members]])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.delta", description=__doc__)
    parser.add_argument("--coasts", type=int, default=8)
    parser.add_argument(
        "--tuning-coasts", "--recipe-coasts", type=int, default=0, help="coasts to choose settings on (test `high`)"
    )
    parser.add_argument("--replay-coasts", type=int, default=3, help="training coasts that fine-tuning replays")
    parser.add_argument("--events", type=int, default=40, help="storms per coast, the highest of its record")
    parser.add_argument("--years", type=float, default=40.0, help="length of the record")
    parser.add_argument("--label-fractions", type=float, nargs="+", default=[0.0, 0.01, 0.05, 0.10, 1.0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--size", type=int, default=64, help="cells along the edge of a coast")
    parser.add_argument("--members", type=int, default=1, help="students per method; the shipped ensemble has more")
    parser.add_argument(
        "--outages", type=int, default=len(CONDITIONS), help="number of outage conditions, the most severe first"
    )
    parser.add_argument("--steps", type=int, default=Budget.steps)
    parser.add_argument("--scratch-steps", type=int, default=Budget.scratch_steps)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=None, help="folder for coasts and finished rows")
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    main()
