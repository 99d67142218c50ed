"""Distillation for flood maps on real radar and optical chips.

``python -m benchmarks.floods --source CHIPS.zip --source-blocks BLOCKS.json [--target CHIPS2.zip --target-blocks
BLOCKS2.json] --label-fractions 0.01 0.05 0.10 1.0 --seeds 5 --out floods.json``
"""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.floods.events import Event, digests_of, read_events
from benchmarks.floods.run import FOLDS, Folders, Plan, count_row_lists, run_fold_in_process, shortened, split_folds
from benchmarks.floods.summary import markdown, summarise
from benchmarks.floods.views import SETTINGS
from benchmarks.floods.zero_shot import is_zero_shot
from benchmarks.record import Record, print_summary, write_record
from benchmarks.workers import run_parts
from strandline.distillation.adaptation.scene_student import SceneDistillation


def main(argv: Sequence[str] | None = None) -> None:
    """Train and score every fold in its own process, summarise, and write the record."""
    arguments = _parser().parse_args(argv)
    data: dict[str, str] = {}
    source: list[Event] = []
    target = None
    if arguments.source is not None:
        data = digests_of(arguments.source, arguments.source_blocks)
        source = read_events(arguments.source, arguments.source_blocks)
    if arguments.target is not None:
        target = read_events(arguments.target, arguments.target_blocks)
        data |= digests_of(arguments.target, arguments.target_blocks, "target")
    if not source and not (target and all(is_zero_shot(event) for event in target)):
        raise SystemExit("without --source only chips of one radar image can be mapped: give them as --target")
    plan = Plan(
        tuple(arguments.settings),
        tuple(sorted(arguments.label_fractions)),
        arguments.seeds,
        arguments.control_seeds,
        arguments.control_fraction,
        arguments.folds,
        *shortened(arguments.effort),
        SceneDistillation(),
    )
    folds, folders = split_folds(source, target, plan.folds), Folders(arguments.work, plan, data)
    threads = max(1, arguments.processes // len(folds))
    parts = [partial(run_fold_in_process, fold, plan, folders, threads) for fold in folds]
    steps = sum(count_row_lists(fold, plan) for fold in folds)
    rows = [row for found in run_parts(parts, arguments.processes, steps) for row in found]
    summary = {"effort": arguments.effort, "folds": len(folds), **summarise(rows, plan.fractions)}
    record = Record("floods", "real", data, list(range(plan.seeds)), rows, summary)
    write_record(record, arguments.out, markdown(record))
    print_summary(record)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--source", type=Path, help="zip file or folder of chips to train on; without it only what ships is measured"
    )
    parser.add_argument("--source-blocks", type=Path, help="JSON of [first, last, count] per event")
    parser.add_argument("--target", type=Path, help="chips of other events to test on; default: folds of the source")
    parser.add_argument("--target-blocks", type=Path, help="JSON of their ranges")
    parser.add_argument("--label-fractions", type=float, nargs="+", default=[0.01, 0.05, 0.10, 1.0])
    parser.add_argument("--seeds", type=int, default=5, help="draws of labels, clouds and points")
    parser.add_argument("--control-seeds", type=int, default=1, help="seeds with all settings, fractions and controls")
    parser.add_argument("--control-fraction", type=float, default=0.05, help="label fraction with all seeds")
    parser.add_argument("--settings", nargs="+", choices=list(SETTINGS), default=list(SETTINGS))
    parser.add_argument("--folds", type=int, default=FOLDS, help="folds of the source events")
    parser.add_argument("--effort", type=float, default=1.0, help="factor on the optimiser steps, for a quick try")
    parser.add_argument("--processes", type=int, default=2, help="folds in parallel, or threads of one fold")
    parser.add_argument("--work", type=Path, default=Path("runs/floods"), help="folder for finished networks and rows")
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    main()
