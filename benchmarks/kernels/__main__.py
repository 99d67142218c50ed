"""Whether it helps to align features by a kernel, quantum or not: scores, concentration, seconds.

``python -m benchmarks.kernels --chips CHIPS.zip --chips-blocks BLOCKS.json --cache CACHE --out kernels.json``
"""

import argparse
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.delta.__main__ import TARGETS, TUNING_COASTS
from benchmarks.delta.coasts import SimulatedCoast, simulate
from benchmarks.delta.learning import course_of, part, weights_of
from benchmarks.floods.chips import Event, cut, read_events
from benchmarks.floods.methods import Budget
from benchmarks.kernels import chips, coasts, concentration, speed
from benchmarks.kernels.contest import Row, chosen_weights, entries, kept
from benchmarks.kernels.pictures import draw_concentration, draw_gains
from benchmarks.kernels.summary import markdown, summarise, tests_of
from benchmarks.record import Record, command_of, machine, print_summary, sha256, write_record
from strandline.distillation.alignment.kernel_alignment import patch_probabilities
from strandline.distillation.distil import DistillationConfig
from strandline.models.weights.load_weights import load_students, load_teacher

PARTS = ("time", "concentration", "delta", "floods")
Make = Callable[[], Iterator[Row]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the parts that are asked for, and write rows, summary, table and pictures."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(1)
    networks = hashlib.sha256(weights_of([load_teacher(), load_students()[0]])).hexdigest()
    data, rows = {"networks": networks}, []
    if "floods" in options.parts:
        if options.chips is None or options.chips_blocks is None:
            raise SystemExit("the part floods needs --chips and --chips-blocks")
        data |= {"chips": sha256(options.chips), "chips_blocks": sha256(options.chips_blocks)}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)

        def tell(what: str) -> None:
            bar.update(task, description=what, advance=1)

        for name in options.parts:
            rows += _MAKERS[name](options, data, tell)
    record = Record("kernels", "real" if "floods" in options.parts else "simulated", data, list(range(options.seeds)),
                    rows, summarise(rows))  # fmt: skip
    command = command_of("benchmarks.kernels", options, leave_out=("cache", "work", "out", "pictures"))
    write_record(record, options.out, markdown(record, command))
    if options.pictures is not None:
        options.pictures.mkdir(parents=True, exist_ok=True)
        if tests_of(rows):
            draw_gains(rows, options.pictures / "kernels.png")
        if "concentration" in options.parts:
            draw_concentration(rows, options.pictures / "kernel-concentration.png")
    print_summary(record)


def _time(options: argparse.Namespace, data: Mapping[str, str], tell: Callable[[str], None]) -> list[Row]:
    """All of one run, so that only times of the same minutes are compared."""
    tell("time")
    key = _key([machine(), speed.POINTS, speed.QUBITS, speed.REPEATS])
    return kept(options.work / f"time-{key}.json", lambda: list(speed.rows_of(seed=0)))


def _concentration(options: argparse.Namespace, data: Mapping[str, str], tell: Callable[[str], None]) -> list[Row]:
    """On what the teacher says of a tuning coast's training storms."""
    tell("concentration")
    key = _key([data["networks"], _coasts_of(options), concentration.QUBITS])

    def make() -> list[Row]:
        word = course_of(part(_coast(TUNING_COASTS, options), 0), load_teacher()).teacher_predictions.training
        probabilities = patch_probabilities(word.require_flood_logits())
        return list(concentration.rows_of(word.features, probabilities, seed=0))

    return kept(options.work / f"concentration-{key}.json", make)


def _delta(options: argparse.Namespace, data: Mapping[str, str], tell: Callable[[str], None]) -> list[Row]:
    recipe = DistillationConfig(steps=options.steps, windows=0)

    def run(coast: int, seed: int, tests: tuple[str, ...], weights: Mapping[str, float] | None) -> list[Row]:
        tell(f"delta: coast {coast}, seed {seed}")
        key = _key([data["networks"], _coasts_of(options), asdict(recipe), entries(weights)])
        return kept(
            options.work / f"delta-{coast}-{seed}-{key}.json",
            lambda: list(coasts.rows_of(_coast(coast, options), seed, tests, weights, recipe)),
        )

    tuning_coasts = [TUNING_COASTS + number for number in range(options.tuning_coasts)]
    tried = [row for coast in tuning_coasts for row in run(coast, 0, ("normal",), None)]
    rows = [{**row, "test": "tuning"} for row in tried]
    weights = chosen_weights(tried)
    for seed in range(options.seeds):
        for coast in range(TARGETS, TARGETS + options.coasts):
            rows += run(coast, seed, ("normal", "extreme"), weights)
    return rows


def _floods(options: argparse.Namespace, data: Mapping[str, str], tell: Callable[[str], None]) -> list[Row]:
    """On real chips, of which the shipped networks know nothing."""
    budget, data = Budget(options.teaching, options.teaching, options.steps), _only_chips(data)
    events = [cut(event, options.chip_side) for event in read_events(options.chips, options.chips_blocks)]
    fold, small = chips.parted(events, options.tuning_events)
    tell("floods: networks of other events")
    school = chips.school_of(fold, budget, options.work, data)

    def run(event: Event, seed: int, weights: Mapping[str, float] | None) -> list[Row]:
        tell(f"floods: event {event.name}, seed {seed}")
        key = _key([data, asdict(budget), options.chip_side, entries(weights)])
        return kept(
            options.work / f"floods-{event.name}-{seed}-{key}.json",
            lambda: list(chips.rows_of(event, school, seed, weights, budget)),
        )

    tried = [row for event in small for row in run(event, 0, None)]
    rows = [{**row, "test": "tuning"} for row in tried]
    weights = chosen_weights(tried)
    for seed in range(options.chip_seeds):
        for event in fold.target:
            rows += run(event, seed, weights)
    return rows


def _only_chips(data: Mapping[str, str]) -> dict[str, str]:
    return {name: digest for name, digest in data.items() if name.startswith("chips")}


_MAKERS = {"time": _time, "concentration": _concentration, "delta": _delta, "floods": _floods}


def _coast(seed: int, options: argparse.Namespace) -> SimulatedCoast:
    return simulate(seed, *_coasts_of(options), options.cache)


def _coasts_of(options: argparse.Namespace) -> tuple[int, float, int]:
    """Storms, years of record, and cells along the edge of every coast."""
    return options.events, options.years, options.size


def _key(decides: list[object]) -> str:
    """Twelve digits that name what decides rows."""
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:12]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kernels", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--coasts", type=int, default=4)
    parser.add_argument(
        "--tuning-coasts", "--recipe-coasts", type=int, default=2, help="other coasts, on which weights are chosen"
    )
    parser.add_argument("--seeds", type=int, default=2, help="splits, labels and draws")
    parser.add_argument("--events", type=int, default=40, help="storms of a coast")
    parser.add_argument("--years", type=float, default=40.0, help="of record in which the events are the highest")
    parser.add_argument("--size", type=int, default=64, help="cells along the edge of a coast")
    parser.add_argument("--steps", type=int, default=30, help="of distillation at a coast or event")
    parser.add_argument("--chips", type=Path, help="zip or folder of flood chips, as for benchmarks.floods")
    parser.add_argument("--chips-blocks", type=Path, help="JSON of [first, last, count], an event each")
    parser.add_argument(
        "--tuning-events", "--recipe-events", type=int, default=2, help="small events, on which weights are chosen"
    )
    parser.add_argument("--chip-side", type=int, default=64, help="cells along the edge that is cut from each chip")
    parser.add_argument("--chip-seeds", type=int, default=1, help="draws of labels, clouds and points on chips")
    parser.add_argument("--teaching", type=int, default=300, help="steps of the networks of other events")
    parser.add_argument("--cache", type=Path, default=None, help="folder for simulated coasts")
    parser.add_argument("--work", type=Path, default=Path("runs/kernels"), help="where networks and rows wait")
    parser.add_argument("--pictures", type=Path, default=None, help="folder for the two pictures")
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    main()
