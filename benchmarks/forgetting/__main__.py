"""``python -m benchmarks.forgetting``: what fine-tuning on one coast gains there and loses on other coasts."""

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.delta.cases import Case, split_storms
from benchmarks.delta.coasts import simulate
from benchmarks.delta.methods import Budget, digest, weights_of
from benchmarks.delta.run import TARGETS, TUNING_COASTS
from benchmarks.forgetting.methods import Consolidations, neighbouring_strengths, shipped_student
from benchmarks.forgetting.run import resumed_rows
from benchmarks.forgetting.summary import chosen_strengths, draw_frontier, markdown, summarise
from benchmarks.progress import Progress
from benchmarks.record import Record, Row, print_summary, sha256, write_record
from strandline.distillation.continual.replay import FILE, FISHER_DRAWS
from strandline.models.weights.load_weights import SHIPPED


def main(argv: Sequence[str] | None = None) -> None:
    """Choose strengths on the tuning coasts, fine-tune on the test coasts, and write the record."""
    options = _parser().parse_args(argv)
    torch.set_num_threads(options.threads)
    budget = Budget(options.steps, learning_rate=options.learning_rate)
    consolidations = Consolidations(budget)
    rows: list[Row] = []
    sets = {
        "tuning": [TUNING_COASTS + i for i in range(options.tuning_coasts)],
        "test": [TARGETS + i for i in range(options.coasts)],
    }
    seeds = {"tuning": options.tuning_seeds, "test": options.seeds}
    with Progress() as bar:
        task = bar.add_task("coasts", total=sum(len(coasts) * seeds[name] for name, coasts in sets.items()))
        for name, names in sets.items():
            strengths = neighbouring_strengths(chosen_strengths(rows))
            coasts = [simulate(seed, options.events, options.years, options.size, options.cache) for seed in names]
            for seed in range(seeds[name]):
                cases = [split_storms(coast, seed) for coast in coasts]
                for index, local in enumerate(cases):
                    others = cases[:index] + cases[index + 1 :]
                    path = _path(local, others, budget, options)
                    fraction = options.label_fraction
                    found = resumed_rows(local, others, consolidations, budget, strengths, fraction, path)
                    rows += [{"set": name, **row} for row in found]
                    bar.advance(task)
    data = {
        "student": hashlib.sha256(weights_of([shipped_student()])).hexdigest(),
        "exemplars": sha256(SHIPPED / FILE),
    }
    record = Record("forgetting", "simulated", data, list(range(options.seeds)), rows, summarise(rows))
    write_record(record, options.out, markdown(record))
    if options.picture is not None:
        draw_frontier(record.rows, options.picture)
    print_summary(record)


def _path(local: Case, others: Sequence[Case], budget: Budget, options: argparse.Namespace) -> Path | None:
    """File of the finished rows of one coast and seed; its name depends on all that decides them."""
    if options.work is None:
        return None
    decisive = (options.label_fraction, options.events, options.years, options.size, budget, FISHER_DRAWS)
    key = digest(decisive, [case.coast.seed for case in others], weights_of([shipped_student()]))
    return Path(options.work) / f"forgetting-{local.coast.seed}-{local.seed}-{key}.json"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.forgetting", description=__doc__)
    parser.add_argument("--coasts", type=int, default=4)
    parser.add_argument(
        "--tuning-coasts", "--recipe-coasts", type=int, default=3, help="coasts to choose each method's strength on"
    )
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--tuning-seeds", "--recipe-seeds", type=int, default=1)
    parser.add_argument("--label-fraction", type=float, default=0.25)
    parser.add_argument("--events", type=int, default=40, help="storms per coast, the highest of its record")
    parser.add_argument("--years", type=float, default=40.0, help="length of the record")
    parser.add_argument("--size", type=int, default=64, help="cells along the edge of a coast")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=None, help="folder for simulated coasts")
    parser.add_argument("--work", type=Path, default=None, help="folder for finished rows")
    parser.add_argument("--picture", type=Path, default=None, help="file for the figure, .png or .svg")
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    main()
