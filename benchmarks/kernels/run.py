"""Rows of the kernels benchmark, part by part; finished rows are kept."""

import argparse
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict

from benchmarks.delta.cases import split_storms
from benchmarks.delta.coasts import SimulatedCoast, simulate
from benchmarks.delta.methods import adaptation_data
from benchmarks.delta.run import TARGETS, TUNING_COASTS
from benchmarks.floods.events import digests_of, read_events
from benchmarks.kernels import chips, coasts, concentration, speed
from benchmarks.kernels.chips import HeldOut
from benchmarks.kernels.methods import Weights, chosen_weights, entries
from benchmarks.origin import machine
from benchmarks.record import Row, finished_rows
from strandline.distillation.adaptation.distil_student import DistillationConfig
from strandline.distillation.alignment.kernel_alignment import patch_probabilities
from strandline.models.weights.load_weights import load_teacher

Announce = Callable[[str], None]


def time_rows(options: argparse.Namespace, data: Mapping[str, str], announce: Announce) -> list[Row]:
    """Times of the Gram matrices; kept together, because only times of the same minutes are comparable."""
    announce("time")
    key = _digest([machine(), speed.POINTS, speed.QUBITS, speed.REPEATS])
    return finished_rows(options.work / f"time-{key}.json", lambda: speed.rows_of(seed=0))


def concentration_rows(options: argparse.Namespace, data: Mapping[str, str], announce: Announce) -> list[Row]:
    """Concentration of the kernels, on teacher predictions of the training storms of a tuning coast."""
    announce("concentration")
    key = _digest([data["networks"], _coast_options(options), concentration.QUBITS])

    def make() -> list[Row]:
        case = split_storms(_coast(TUNING_COASTS, options), 0)
        teacher = adaptation_data(case, load_teacher()).teacher_predictions.training
        probabilities = patch_probabilities(teacher.flood_logits)
        return list(concentration.rows_of(teacher.features, probabilities, seed=0))

    return finished_rows(options.work / f"concentration-{key}.json", make)


def delta_rows(options: argparse.Namespace, data: Mapping[str, str], announce: Announce) -> list[Row]:
    """Distillation on simulated coasts, with weights chosen on tuning coasts."""
    config = DistillationConfig(steps=options.steps)

    def run(coast: int, seed: int, tests: tuple[str, ...], weights: Weights | None) -> list[Row]:
        announce(f"delta: coast {coast}, seed {seed}")
        key = _digest([data["networks"], _coast_options(options), asdict(config), entries(weights)])
        return finished_rows(
            options.work / f"delta-{coast}-{seed}-{key}.json",
            lambda: coasts.rows_of(_coast(coast, options), seed, tests, weights, config),
        )

    tuning_coasts = [TUNING_COASTS + number for number in range(options.tuning_coasts)]
    tuning = [row for coast in tuning_coasts for row in run(coast, 0, ("normal",), None)]
    rows = [{**row, "test": "tuning"} for row in tuning]
    weights = chosen_weights(tuning)
    for seed in range(options.seeds):
        for coast in range(TARGETS, TARGETS + options.coasts):
            rows += run(coast, seed, ("normal", "extreme"), weights)
    return rows


def floods_rows(options: argparse.Namespace, data: Mapping[str, str], announce: Announce) -> list[Row]:
    """Distillation on real chips, with weights chosen on the smallest of the events; the shipped networks take no part.

    Every event is mapped by networks of other events, and no event on which weights are chosen is reported.
    """
    digests = digests_of(options.chips, options.chips_blocks)
    events = read_events(options.chips, options.chips_blocks)
    held_out = chips.trainings_of(events, options.effort, options.work, digests, announce)

    def run(one: HeldOut, seed: int, weights: Weights | None) -> list[Row]:
        event, training = one
        announce(f"floods: event {event.name}, seed {seed}")
        plan = training.plan
        decisive = [digests, plan.committee_steps, asdict(plan.budget), repr(plan.config), entries(weights)]
        path = options.work / f"floods-{event.name}-{seed}-{_digest(decisive)}.json"
        return finished_rows(path, lambda: chips.rows_of(one, seed, weights))

    small, large = held_out[: options.tuning_events], held_out[options.tuning_events :]
    tuning = [row for one in small for row in run(one, 0, None)]
    rows = [{**row, "test": "tuning"} for row in tuning]
    weights = chosen_weights(tuning)
    for one in large:
        for seed in range(options.chip_seeds):
            rows += run(one, seed, weights)
    return rows


PARTS: Mapping[str, Callable[[argparse.Namespace, Mapping[str, str], Announce], list[Row]]] = {
    "time": time_rows,
    "concentration": concentration_rows,
    "delta": delta_rows,
    "floods": floods_rows,
}


def _coast(seed: int, options: argparse.Namespace) -> SimulatedCoast:
    return simulate(seed, *_coast_options(options), options.cache)


def _coast_options(options: argparse.Namespace) -> tuple[int, float, int]:
    """Storms, years of record, and cells along the edge of every coast."""
    return options.events, options.years, options.size


def _digest(decisive: list[object]) -> str:
    """Twelve digits that identify what decides rows."""
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:12]
