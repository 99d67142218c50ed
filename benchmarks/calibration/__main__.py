"""Calibration of probabilities, bounds and miss rates.

``python -m benchmarks.calibration --coasts 6 --seeds 3 --cache CACHE --out benchmarks/results/calibration.json``

With ``--chips`` the networks are those of `benchmarks.floods`, found in ``--work``; where it has not run there, they
are trained first, for hours. ``--effort 0.01`` is a quick try.
"""

import argparse
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from benchmarks.calibration import floods, surge
from benchmarks.calibration.heads import train_heads
from benchmarks.calibration.picture import draw_reliability
from benchmarks.calibration.run import coast_rows, measure_cost
from benchmarks.calibration.summary import markdown, summarise
from benchmarks.delta.coasts import SimulatedCoast, simulate
from benchmarks.delta.methods import weights_of
from benchmarks.delta.run import TARGETS, TUNING_COASTS
from benchmarks.floods.events import digests_of, read_events
from benchmarks.progress import Progress
from benchmarks.record import Provenance, Record, Row, print_summary, sha256, write_record
from benchmarks.surge.protocol import split
from benchmarks.surge.records.given import read_given
from strandline.distillation.ensemble import EnsembleDistillationConfig
from strandline.distillation.pretraining.simulated_coasts import FIRST_SEED
from strandline.errors import InputError
from strandline.models.weights.load_weights import load_students, load_teacher


def main(argv: Sequence[str] | None = None) -> None:
    """Train the heads, score coasts, gauges and chips, and write the record."""
    options = _parser().parse_args(argv)
    if (options.chips is None) != (options.chips_blocks is None):
        raise SystemExit("--chips and --chips-blocks go together")
    torch.set_num_threads(1)
    students = load_students()

    def coast_of(seed: int) -> SimulatedCoast:
        return simulate(seed, options.events, options.years, options.size, options.cache)

    training_coasts = [coast_of(FIRST_SEED + i) for i in range(options.training_coasts)]
    config = EnsembleDistillationConfig(steps=options.head_steps)
    heads = train_heads(students, training_coasts, config, options.cache)
    first = TUNING_COASTS if options.on_tuning_coasts else TARGETS
    coasts = range(first, first + options.coasts)
    with Progress() as bar:
        task = bar.add_task("coasts", total=options.coasts * options.seeds)
        rows, sums = coast_rows(
            coasts, coast_of, options.seeds, students, heads, options.cache, lambda: bar.advance(task)
        )
    if options.gauges is not None:
        rows += _gauge_rows(options)
    if options.chips is not None:
        rows += _chip_rows(options)
    costs = measure_cost(students[0].eval(), heads, training_coasts[0], options.turns)
    data = {"networks": hashlib.sha256(weights_of([load_teacher(), *students])).hexdigest()}
    files = {name: getattr(options, name) for name in ("gauges", "chips", "chips_blocks")}
    data |= {name: sha256(path) for name, path in files.items() if path is not None}
    provenance: Provenance = "simulated" if options.gauges is None and options.chips is None else "real"
    record = Record("calibration", provenance, data, list(range(options.seeds)), rows, summarise(rows, costs))
    write_record(record, options.out, markdown(record))
    if options.picture is not None:
        draw_reliability(sums, options.picture)
    print_summary(record)


def _gauge_rows(options: argparse.Namespace) -> Iterator[Row]:
    periods = [options.train], [options.test]
    given = read_given([options.gauges], options.stations, (), (), periods, high_waters=False)
    names = [gauge.name for gauge in given.gauges]
    if unknown := set(options.target) - set(names):
        raise InputError(f"targets {sorted(unknown)}", "are no gauge", f"choose from {', '.join(names)}")
    for seed in range(options.seeds):
        for name in options.target:
            number = names.index(name)
            gauge = given.gauges[number]
            yield from surge.rows_of(gauge, number, *split(gauge, given.period), seed)


def _chip_rows(options: argparse.Namespace) -> Iterator[Row]:
    events = read_events(options.chips, options.chips_blocks)
    digests = digests_of(options.chips, options.chips_blocks)
    with Progress() as bar:
        task = bar.add_task("events", total=None)
        yield from floods.rows_of(
            events, options.chip_seeds, options.effort, options.work, digests,
            lambda what: bar.update(task, description=what, advance=1),
        )  # fmt: skip


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("--coasts", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--training-coasts", "--taught-coasts", type=int, default=3, help="pre-training coasts that train the heads"
    )
    parser.add_argument(
        "--on-tuning-coasts", "--on-recipe-coasts", action="store_true", help="test on the tuning coasts instead"
    )
    parser.add_argument("--head-steps", type=int, default=EnsembleDistillationConfig.steps)
    parser.add_argument("--events", type=int, default=40, help="storms per coast, the highest of its record")
    parser.add_argument("--years", type=float, default=40.0, help="length of the record")
    parser.add_argument("--size", type=int, default=64, help="cells along the edge of a coast")
    parser.add_argument("--gauges", type=Path, help="hourly levels of real tide gauges, as for benchmarks.surge")
    parser.add_argument("--stations", type=Path, help="their positions")
    parser.add_argument("--target", nargs="+", help="gauges, one at a time")
    parser.add_argument("--train", default="2012-01-01/2013-12-31", help="first and last day of the training period")
    parser.add_argument("--test", default="2014-01-01/2014-12-31", help="first and last day of the test period")
    parser.add_argument("--chips", type=Path, help="zip file or folder of real flood chips, as for benchmarks.floods")
    parser.add_argument("--chips-blocks", type=Path, help="JSON of [first, last, count] per event")
    parser.add_argument("--chip-seeds", type=int, default=1, help="draws of labels, clouds and points on chips")
    parser.add_argument("--effort", type=float, default=1.0, help="factor on all steps on chips, for a quick try")
    parser.add_argument(
        "--work", type=Path, default=Path("runs/floods"), help="folder for networks of chips, as for benchmarks.floods"
    )
    parser.add_argument("--turns", type=int, default=15, help="calls of which the cost is the median")
    parser.add_argument("--cache", type=Path, default=None, help="folder for coasts, heads and predictions")
    parser.add_argument("--picture", type=Path, default=None, help="file for the reliability diagrams, PNG")
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    main()
