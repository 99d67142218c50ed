"""Maps per second and milliseconds per map of the networks for real chips and for simulated coasts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.floods.chips import Chips
from benchmarks.floods.methods import new_student, new_teacher
from benchmarks.floods.views import SETTINGS, draw_views, student_inputs, teacher_inputs
from benchmarks.record import Row
from benchmarks.speed.clock import operations, timed
from strandline.distillation.continual.replay import load_exemplars
from strandline.distillation.waterlines import FloodArchive, attach_whole_archive, peak_levels
from strandline.models.batch import CLIMATE_CHANNELS, CLIMATE_DAYS, RADAR_CHANNELS, Batch
from strandline.models.inference import predict
from strandline.models.prediction import Prediction
from strandline.models.weights.load_weights import load_students, load_teacher

Streams = Mapping[str, tuple[Tensor, Tensor]]
BATCH, CHUNK, SIDE = 64, 16, 128
"""Maps per call, maps per forward pass as in `inference.predict`, and cells along the edge of a chip."""
STUDENT_RATE, STUDENT_SHARE, OVER_TEACHER, ONE_MAP_MS = 500.0, 0.5, 20.0, 10.0
"""Targets: maps per second at batch 64, or share of the matrix-product rate; student over teacher; a single map."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A network with prepared inputs.

    Attributes:
        name: as in the rows.
        network: in evaluation mode.
        prepare: a call that predicts that many samples.
    """

    name: str
    network: nn.Module
    prepare: Callable[[int], Callable[[], object]]


def rows_of(rate: float, seconds: float) -> list[Row]:
    """Two rows per network, at batch 64 and batch 1, and the ratios of students to teachers.

    Args:
        rate: operations per second of the matrix product.
        seconds: for each measurement.
    """
    rows: list[Row] = []
    for student, teacher in (chip_subjects(), coast_subjects()):
        rates = {}
        for subject in (student, teacher):
            rates[subject.name], found = _measure(subject, rate, seconds)
            rows += found
        ratio = rates[student.name] / rates[teacher.name]
        rows.append({
            "what": f"{student.name} over teacher", "value": ratio, "unit": "-", "peer": teacher.name, "ratio": ratio,
            "bar": f"≥ {OVER_TEACHER:g}", "met": ratio >= OVER_TEACHER,
        })  # fmt: skip
    for row in rows:
        if row["what"] == "student of chips, batch 64":
            met = float(str(row["value"])) >= STUDENT_RATE or float(str(row["share_of_limit"])) >= STUDENT_SHARE
            row |= {"bar": f"≥ {STUDENT_RATE:g} maps/s or half of the limit", "met": met}
        if str(row["what"]).startswith("student") and row["unit"] == "ms":
            row |= {"bar": f"≤ {ONE_MAP_MS:g}", "met": float(str(row["value"])) <= ONE_MAP_MS}
    return rows


def chip_subjects() -> tuple[Subject, Subject]:
    """Student and teacher of `benchmarks.floods`: maps of 128 × 128 cells; the student's after-image has 32 × 32."""
    views = draw_views(random_chips(BATCH, SIDE, 0), 0.3, np.random.default_rng(0))
    student, teacher = new_student(0), new_teacher(0)

    def prepare_of(network: nn.Module, streams: Streams) -> Callable[[int], Callable[[], object]]:
        def prepare(count: int) -> Callable[[], object]:
            parts = [
                {name: (value[part], seen[part]) for name, (value, seen) in streams.items()} for part in _parts(count)
            ]
            return lambda: [network(part) for part in parts]

        return prepare

    return (
        Subject("student of chips", student, prepare_of(student, student_inputs(views, SETTINGS["archive"]))),
        Subject("teacher of chips", teacher, prepare_of(teacher, teacher_inputs(views))),
    )


def coast_subjects() -> tuple[Subject, Subject]:
    """The shipped student and teacher on 64 × 64 cells; the student with one archive, the teacher with one pass."""
    student, teacher = load_students()[0], load_teacher()
    storms = load_exemplars().storms
    repeated = storms[torch.arange(BATCH) % len(storms)]
    with_archive = attach_whole_archive(repeated, _archive_of(storms, predict(teacher, storms)))

    def prepare_of(network: nn.Module, batch: Batch) -> Callable[[int], Callable[[], object]]:
        def prepare(count: int) -> Callable[[], object]:
            parts = [batch[part] for part in _parts(count)]
            return lambda: [network(part) for part in parts]

        return prepare

    return (
        Subject("student of a coast", student, prepare_of(student, with_archive)),
        Subject("teacher of a coast", teacher, prepare_of(teacher, _with_teacher_streams(repeated))),
    )


def _archive_of(storms: Batch, prediction: Prediction) -> FloodArchive:
    """A flood archive of the storms, as if all were of the first one's coast."""
    terrain, known = storms.pair("terrain")
    return FloodArchive(prediction.require_flood_logits().softmax(dim=1), *peak_levels(storms), terrain[0, 0], known[0])


def _with_teacher_streams(batch: Batch) -> Batch:
    """The batch with noise as radar, climate and two neighbours."""
    count, _, rows, columns = batch.require("terrain").shape
    return replace(
        batch,
        gauge=batch.gauge.expand(-1, 3, -1).contiguous(),
        gauge_seen=batch.gauge_seen.expand(-1, 3, -1).contiguous(),
        radar=torch.randn(count, len(RADAR_CHANNELS), rows, columns),
        radar_seen=torch.ones(count, rows, columns, dtype=torch.bool),
        climate=torch.randn(count, CLIMATE_DAYS, len(CLIMATE_CHANNELS)),
        climate_seen=torch.ones(count, CLIMATE_DAYS, dtype=torch.bool),
        climate_hours=torch.arange(-72.0, 72.0, 24.0).expand(count, -1),
    )


def _parts(count: int) -> list[slice]:
    return [slice(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK)]


def random_chips(count: int, side: int, seed: int) -> Chips:
    """Chips of noise; the content does not change the time."""
    rng = np.random.default_rng(seed)

    def noise(*bands: int) -> np.ndarray:
        return rng.integers(1, 256, (count, side, side, *bands)).astype(np.uint8)

    flooded = rng.random((count, side, side)) < 0.3
    return Chips(np.arange(count), noise(), noise(), noise(3), noise(3), flooded)


def _measure(subject: Subject, rate: float, seconds: float) -> tuple[float, list[Row]]:
    """Maps per second at batch 64, and the rows."""
    turns = {count: subject.prepare(count) for count in (BATCH, 1)}
    needed = {count: operations(turn) for count, turn in turns.items()}
    with torch.inference_mode():
        many, single = timed(turns[BATCH], seconds), timed(turns[1], seconds, least=20)
    rows: list[Row] = [
        {
            "what": f"{subject.name}, batch {BATCH}", "value": BATCH / many.fastest, "unit": "maps/s",
            "share_of_limit": needed[BATCH] / many.fastest / rate,
            "note": f"{needed[BATCH] / BATCH / 1e6:.0f} million operations a map; "
            f"median {BATCH / many.median:.0f} maps/s",
        },
        {
            "what": f"{subject.name}, batch 1", "value": 1000 * single.fastest, "unit": "ms",
            "share_of_limit": needed[1] / single.fastest / rate, "note": f"median {1000 * single.median:.1f} ms",
        },
    ]  # fmt: skip
    return BATCH / many.fastest, rows
