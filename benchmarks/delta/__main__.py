"""``python -m benchmarks.delta``: distillation on simulated coasts, where the truth is known."""

import argparse
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path

import torch

from benchmarks.delta.cases import split_storms
from benchmarks.delta.coasts import SimulatedCoast, difficulty_of, simulate, simulate_with_clear_views
from benchmarks.delta.methods import Budget, digest, weights_of
from benchmarks.delta.outages import CONDITIONS
from benchmarks.delta.run import ON_FEWER_SEEDS, ON_ONE_SEED, PARTS, TARGETS, TUNING_COASTS
from benchmarks.delta.summary import markdown, summarise
from benchmarks.delta.trial import Sources, Trial, build_sources
from benchmarks.progress import Progress
from benchmarks.record import Record, Row, finished_rows, print_summary, write_record
from strandline.distillation.pretraining.simulated_coasts import FIRST_SEED
from strandline.models.weights.load_weights import load_students, load_teacher


def main(argv: Sequence[str] | None = None) -> None:
    """Simulate the coasts, run every method, summarise, and write the record.

    Every part of every coast and seed is kept in the cache when it is finished, so that a run that was interrupted goes
    on where it stopped; the parts that decide most come first, and within them every coast once before the next seed.
    """
    options = _parser().parse_args(argv)
    torch.set_num_threads(options.threads)
    budget = Budget(
        options.steps, options.scratch_steps, options.unet_steps, options.ceiling_rounds, options.tree_rounds
    )
    budget = replace(budget, members=options.members)
    tests: dict[int, tuple[str, ...]] = {TARGETS + i: ("normal", "extreme") for i in range(options.coasts)}
    tests |= {TUNING_COASTS + i: ("high",) for i in range(options.tuning_coasts)}
    todo = [
        (part, seed, coast) for part in options.parts for seed in range(_seeds_of(part, options)) for coast in tests
    ]
    rows: list[Row] = []
    with Progress() as bar:
        task = bar.add_task("coasts", total=len(todo))
        trial_of = _trials(tests, _sources(options, budget), budget, options)
        for part, seed, coast in todo:
            rows += _finished(part, coast, seed, tests[coast], trial_of, budget, options)
            bar.advance(task)
    simulated = [_coast(seed, options) for seed in tests]
    coasts: list[Row] = [
        {"coast": coast.seed, "extremes": int(coast.extreme.sum()), **vars(difficulty_of(coast))} for coast in simulated
    ]
    data = {"networks": hashlib.sha256(_weights(budget)).hexdigest()}
    seeds = list(range(options.seeds))
    record = Record("delta", "simulated", data, seeds, rows, summarise(rows, coasts), {"coasts": coasts})
    write_record(record, options.out, markdown(record))
    print_summary(record)


def _seeds_of(part: str, options: argparse.Namespace) -> int:
    """Number of seeds that a part runs on."""
    if part in ON_ONE_SEED:
        return 1
    return int(min(options.seeds, options.control_seeds) if part in ON_FEWER_SEEDS else options.seeds)


def _sources(options: argparse.Namespace, budget: Budget) -> Callable[[], Sources]:
    """Builds the sources when they are first needed: a run whose rows are all finished needs none."""

    @cache
    def build() -> Sources:
        count = max(options.source_coasts, options.replay_coasts + 1)
        coasts = [_coast(FIRST_SEED + i, options) for i in range(count)]
        return build_sources(coasts, options.replay_coasts, budget)

    return build


def _trials(
    tests: Mapping[int, tuple[str, ...]], sources: Callable[[], Sources], budget: Budget, options: argparse.Namespace
) -> Callable[[int, int], Trial]:
    """Builds the trial of a coast and seed; parts of one trial that follow one another share what it holds."""

    @lru_cache(maxsize=1)
    def build(coast: int, seed: int) -> Trial:
        simulated, clear = simulate_with_clear_views(coast, options.events, options.years, options.size, options.cache)
        case = split_storms(simulated, seed)
        return Trial(case, tests[coast], options.label_fractions, sources, clear, budget, options.outages)

    return build


def _coast(seed: int, options: argparse.Namespace) -> SimulatedCoast:
    return simulate(seed, options.events, options.years, options.size, options.cache)


def _finished(
    part: str,
    coast: int,
    seed: int,
    tests: tuple[str, ...],
    trial_of: Callable[[int, int], Trial],
    budget: Budget,
    options: argparse.Namespace,
) -> list[Row]:
    """The rows of one part, coast and seed, from the cache if they were finished with the same weights and options."""
    path = None
    if options.cache is not None:
        of_coasts = (options.events, options.years, options.size, options.replay_coasts, options.source_coasts)
        decisive = (options.label_fractions, of_coasts, options.outages, budget, tests)
        path = options.cache / f"rows-{part}-{coast}-{seed}-{digest(decisive, _weights(budget))}.json"
    return finished_rows(path, lambda: list(PARTS[part](trial_of(coast, seed))))


def _weights(budget: Budget) -> bytes:
    """Weights of the networks that take part."""
    return weights_of([load_teacher(), *load_students(members=budget.members)])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.delta", description=__doc__)
    parser.add_argument("--coasts", type=int, default=8)
    parser.add_argument(
        "--tuning-coasts", "--recipe-coasts", type=int, default=0, help="coasts to choose settings on (test `high`)"
    )
    parser.add_argument("--replay-coasts", type=int, default=3, help="training coasts that fine-tuning replays")
    parser.add_argument("--source-coasts", type=int, default=6, help="training coasts that trees are trained on")
    parser.add_argument("--events", type=int, default=40, help="storms per coast, the highest of its record")
    parser.add_argument("--years", type=float, default=40.0, help="length of the record")
    parser.add_argument("--label-fractions", type=float, nargs="+", default=[0.0, 0.01, 0.05, 0.10, 1.0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--control-seeds", type=int, default=2, help="of ceiling, controls, ablations, outages, recipes"
    )
    parser.add_argument("--size", type=int, default=64, help="cells along the edge of a coast")
    parser.add_argument("--members", type=int, default=1, help="students per method; the shipped ensemble has more")
    parser.add_argument(
        "--outages", type=int, default=len(CONDITIONS), help="number of outage conditions, the most severe first"
    )
    parser.add_argument("--steps", type=int, default=Budget.steps)
    parser.add_argument("--scratch-steps", type=int, default=Budget.scratch_steps)
    parser.add_argument("--unet-steps", type=int, default=Budget.unet_steps)
    parser.add_argument("--ceiling-rounds", type=int, default=Budget.ceiling_rounds)
    parser.add_argument("--tree-rounds", type=int, default=Budget.tree_rounds)
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS), help="of the methods")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=None, help="folder for coasts and finished rows")
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    main()
