"""How far probabilities, bounds and promises hold.

``python -m benchmarks.calibration --coasts 6 --seeds 3 --cache CACHE --out benchmarks/results/calibration.json``
"""

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from rich.progress import Progress

from benchmarks.calibration import floods, surge
from benchmarks.calibration.heads import relative_cost, teach_heads
from benchmarks.calibration.picture import SHOWN, draw_reliability
from benchmarks.calibration.predictions import CONDITIONS, examine
from benchmarks.calibration.scoring import BINS, METHODS, Row, Scorer
from benchmarks.calibration.summary import markdown, summarise
from benchmarks.delta.__main__ import TARGETS, TUNING_COASTS
from benchmarks.delta.coasts import SimulatedCoast, simulate
from benchmarks.delta.learning import course_of, part, weights_of
from benchmarks.floods.chips import read_events
from benchmarks.record import Record, numeric_options, print_summary, sha256, write_record
from benchmarks.surge.gauges import numbers_of, read_gauges
from strandline.distillation.adaptation.data import ARCHIVE_STREAMS
from strandline.distillation.ensemble import EnsembleDistillationConfig
from strandline.distillation.pretraining.simulated_coasts import FIRST_SEED
from strandline.models.inference import student_inputs
from strandline.models.multi_head_student import MultiHeadStudent
from strandline.models.student import Student
from strandline.models.weights.load_weights import load_students, load_teacher


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate, ask, score, and write the record."""
    options = _options().parse_args(arguments)
    if (options.chips is None) != (options.chips_blocks is None):
        raise SystemExit("--chips and --chips-blocks go together")
    torch.set_num_threads(1)
    students = load_students()

    def coast_of(seed: int) -> SimulatedCoast:
        return simulate(seed, options.events, options.years, options.size, options.cache)

    taught_on = [coast_of(FIRST_SEED + i) for i in range(options.training_coasts)]
    heads = teach_heads(students, taught_on, EnsembleDistillationConfig(steps=options.head_steps), options.cache)
    first = TUNING_COASTS if options.on_tuning_coasts else TARGETS
    rows: list[Row] = []
    sums = {(condition, name): np.zeros((3, BINS)) for condition in CONDITIONS for name in SHOWN}
    with Progress() as bar:
        task = bar.add_task("coasts", total=options.coasts * options.seeds)
        for seed in range(options.seeds):
            for i in range(options.coasts):
                coast = coast_of(first + i)
                scorer = Scorer(coast, examine(coast, seed, students, heads, options.cache))
                rows += scorer.rows(seed)
                for condition, name in sums:
                    sums[condition, name] += scorer.reliability(condition, METHODS[name])
                bar.advance(task)
    if options.gauges is not None:
        gauges = read_gauges(options.gauges, options.stations)
        train, test = (gauges.within(*span.split("/")) for span in (options.train, options.test))
        for seed in range(options.seeds):
            for station in numbers_of(gauges, options.target):
                rows += surge.rows_of(gauges, station, train, test, seed)
    if options.chips is not None:
        events = read_events(options.chips, options.chips_blocks)
        digests = {"chips": sha256(options.chips), "chips_blocks": sha256(options.chips_blocks)}
        with Progress() as bar:
            task = bar.add_task("events", total=None)

            def tell(what: str) -> None:
                bar.update(task, description=what)

            rows += floods.rows_of(events, options.chip_seeds, options.work, digests, tell)
    costs = measure(students[0].eval(), heads, taught_on[0], options.turns)
    data = {"networks": hashlib.sha256(weights_of([load_teacher(), *students])).hexdigest()}
    files = {name: getattr(options, name) for name in ("gauges", "chips", "chips_blocks")}
    data |= {name: sha256(path) for name, path in files.items() if path is not None}
    provenance = "simulated" if options.gauges is None and options.chips is None else "real"
    record = Record("calibration", provenance, data, list(range(options.seeds)), rows, summarise(rows, costs))
    names = ("coasts", "seeds", "training_coasts", "head_steps", "events", "years", "size")
    command = numeric_options(options, names)
    if options.gauges is not None:
        command += f" --gauges {options.gauges.name} --stations {options.stations.name} --target"
        command += f" {' '.join(options.target)} --train {options.train} --test {options.test}"
    if options.chips is not None:
        command += f" --chips {options.chips.name} --chips-blocks {options.chips_blocks.name}"
        command += f" --chip-seeds {options.chip_seeds}"
    write_record(record, options.out, markdown(record, f"python -m benchmarks.calibration {command}"))
    if options.picture is not None:
        draw_reliability(sums, options.picture)
    print_summary(record)


def measure(one: Student, heads: MultiHeadStudent, coast: SimulatedCoast, turns: int) -> dict[str, float]:
    """Cost of all heads over that of one member, whole forward passes, by batch and with and without the archive."""
    remembering = student_inputs(course_of(part(coast, 0), load_teacher()).training)
    views = {"with memory": remembering, "without memory": remembering.without(*ARCHIVE_STREAMS)}
    return {
        f"distilled_ensemble over one member, {what}, batch {size}": relative_cost(one, heads, view[:size], turns)
        for what, view in views.items()
        for size in (1, 16)
    }


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("--coasts", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--training-coasts", "--taught-coasts", type=int, default=3, help="pre-training coasts that train the heads"
    )
    parser.add_argument(
        "--on-tuning-coasts",
        "--on-recipe-coasts",
        action="store_true",
        help="test on coasts that recipes are chosen on",
    )
    parser.add_argument("--head-steps", type=int, default=EnsembleDistillationConfig.steps)
    parser.add_argument("--events", type=int, default=40)
    parser.add_argument("--years", type=float, default=40.0, help="of record in which the events are the highest")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--gauges", type=Path, help="hourly levels of real tide gauges, as in benchmarks.surge")
    parser.add_argument("--stations", type=Path, help="where they are")
    parser.add_argument("--target", nargs="+", help="gauges, one at a time")
    parser.add_argument("--train", default="2012-01-01/2013-12-31", help="first and last day")
    parser.add_argument("--test", default="2014-01-01/2014-12-31", help="likewise")
    parser.add_argument("--chips", type=Path, help="zip or folder of real flood chips, as in benchmarks.floods")
    parser.add_argument("--chips-blocks", type=Path, help="JSON of [first, last, count], an event each")
    parser.add_argument("--chip-seeds", type=int, default=1, help="draws of labels, clouds and points on chips")
    parser.add_argument("--work", type=Path, default=Path("runs/calibration"), help="where networks of chips wait")
    parser.add_argument("--turns", type=int, default=15, help="calls that the cost is the median of")
    parser.add_argument("--cache", type=Path, default=None, help="folder for coasts, heads and words")
    parser.add_argument("--picture", type=Path, default=None, help="reliability diagrams, PNG")
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    main()
