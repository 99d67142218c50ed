"""Maps per second and milliseconds per map of the networks for flood scenes and for simulated coasts."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from benchmarks.floods.views import SETTINGS, draw_views
from benchmarks.record import Row
from benchmarks.speed.clock import operations, timed
from strandline.distillation.continual.replay import load_exemplars
from strandline.distillation.pretraining.scenes.samples import Samples
from strandline.distillation.waterlines.archive_streams import attach_whole_archive
from strandline.distillation.waterlines.flood_archive import FloodArchive
from strandline.distillation.waterlines.peak_levels import peak_levels
from strandline.models.batch import CLIMATE_CHANNELS, CLIMATE_DAYS, RADAR_CHANNELS, Batch
from strandline.models.flood.scenes.committee import Committee
from strandline.models.flood.scenes.members import NetworkMember, TreeMember
from strandline.models.flood.scenes.scene_map import SceneMap
from strandline.models.flood.scenes.stacking import Recalibration, Stacking
from strandline.models.flood.scenes.streams import SCENE_STREAMS
from strandline.models.inference import predict
from strandline.models.prediction import Prediction
from strandline.models.weights.load_scene_weights import load_committee, load_scene_student
from strandline.models.weights.load_weights import load_students, load_teacher
from strandline.observations.flood_scenes.scene import FloodScene, LabelledScene

BATCH, CHUNK, SIDE = 64, 16, 128
"""Maps per call, maps per forward pass as in `inference.predict`, and cells along the edge of a scene."""
SCENES = 4
"""That the committee maps in a turn."""
STUDENT, ONE_LOOK = "student of scenes", "transformer of scenes, one look"
COMMITTEE, FROM_IMAGES = "committee of scenes, all passes, from images", "student of scenes, from images"
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
    """Two rows per network, at batch 64 and batch 1, the committee's rate, and ratios of students to teachers.

    Args:
        rate: operations per second of the matrix product.
        seconds: for each measurement.
    """
    rows: list[Row] = []
    for student, teacher in (scene_subjects(), coast_subjects()):
        rates = {}
        for subject in (student, teacher):
            rates[subject.name], found = _measure(subject, rate, seconds)
            rows += found
        ratio = rates[student.name] / rates[teacher.name]
        row: Row = {"what": f"{student.name} over {teacher.name}", "value": ratio, "unit": "-", "peer": teacher.name}
        row["ratio"] = ratio
        if teacher.name != ONE_LOOK:  # what teaches on scenes is the whole committee
            row |= {"bar": f"≥ {OVER_TEACHER:g}", "met": ratio >= OVER_TEACHER}
        rows.append(row)
    rows += committee_rows(seconds)
    for row in rows:
        if row["what"] == f"{STUDENT}, batch {BATCH}":
            met = float(str(row["value"])) >= STUDENT_RATE or float(str(row["share_of_limit"])) >= STUDENT_SHARE
            row |= {"bar": f"≥ {STUDENT_RATE:g} maps/s or half of the limit", "met": met}
        if str(row["what"]).startswith("student") and row["unit"] == "ms":
            row |= {"bar": f"≤ {ONE_MAP_MS:g}", "met": float(str(row["value"])) <= ONE_MAP_MS}
    return rows


def scene_subjects() -> tuple[Subject, Subject]:
    """Student and transformer of the package on prepared streams of 128 × 128 cells, one pass each."""
    views = draw_views([_labelled(seed) for seed in range(BATCH)], 0.3, np.random.default_rng(0))
    student, teacher = load_scene_student(), shipped_transformer()

    def prepare_of(network: nn.Module, samples: Samples) -> Callable[[int], Callable[[], object]]:
        streams = {name: (value.float(), seen) for name, (value, seen) in samples.streams.items()}

        def prepare(count: int) -> Callable[[], object]:
            parts = [
                {name: (value[part], seen[part]) for name, (value, seen) in streams.items()} for part in _parts(count)
            ]
            return lambda: [network(part) for part in parts]

        return prepare

    return (
        Subject(STUDENT, student, prepare_of(student, views.student_samples(SETTINGS["archive"]))),
        Subject(ONE_LOOK, teacher, prepare_of(teacher, views.teacher_samples())),
    )


def committee_rows(seconds: float) -> list[Row]:
    """Whole maps from the images of a scene: the committee with all its passes, the student alone, and their ratio.

    Both prepare statistics and streams of the scene themselves, and average over the same symmetries of the square, as
    in the scores of `benchmarks.floods`. Both are of the package.
    """
    scenes = [_labelled(seed).scene for seed in range(SCENES)]
    alone = NetworkMember("student", load_scene_student(), tuple(SCENE_STREAMS))
    mappers = {
        COMMITTEE: load_committee(),
        FROM_IMAGES: Committee((alone,), {"radar+optical": Stacking({"student": Recalibration()})}),
    }
    rates: dict[str, float] = {}
    rows: list[Row] = []
    for name, committee in mappers.items():

        def turn(committee: Committee = committee) -> list[SceneMap]:
            return [committee.map(scene) for scene in scenes]

        with torch.inference_mode():
            took = timed(turn, seconds)
        rates[name] = SCENES / took.fastest
        members = [one for one in committee.members if one.name in committee.stackings["radar+optical"].asked]
        passes = sum(member.symmetries for member in members if isinstance(member, NetworkMember))
        trees = sum(isinstance(member, TreeMember) for member in members)
        rows.append({
            "what": name, "value": rates[name], "unit": "maps/s",
            "note": f"{passes} passes of networks, {trees} forests of trees; median {SCENES / took.median:.1f} maps/s",
        })  # fmt: skip
    ratio = rates[FROM_IMAGES] / rates[COMMITTEE]
    rows.append({
        "what": "student of scenes over committee, all passes, from images", "value": ratio, "unit": "-",
        "peer": COMMITTEE, "ratio": ratio, "bar": f"≥ {OVER_TEACHER:g}", "met": ratio >= OVER_TEACHER,
    })  # fmt: skip
    return rows


def shipped_transformer() -> nn.Module:
    """The transformer on all streams of the package."""
    members = (one for one in load_committee().members if isinstance(one, NetworkMember))
    return next(one.network for one in members if one.name == "transformer_all")


def coast_subjects() -> tuple[Subject, Subject]:
    """The shipped student and teacher on 64 × 64 cells; the student with one archive, the teacher with one pass."""
    student, teacher = load_students()[0], load_teacher()
    storms = load_exemplars()
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
    return FloodArchive(prediction.flood_logits.softmax(dim=1), *peak_levels(storms), terrain[0, 0], known[0])


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


def _labelled(seed: int) -> LabelledScene:
    """A scene of noise with a label of noise; the content does not change the time."""
    rng = np.random.default_rng(seed)
    radar = (rng.standard_normal((2, 2, SIDE, SIDE)) - 15).astype(np.float32)
    optical = rng.uniform(0.02, 0.4, (2, 3, SIDE, SIDE)).astype(np.float32)
    scene = FloodScene(20.0, radar[0], radar[1], "dB", optical[0], optical[1])
    return LabelledScene(str(seed), "noise", scene, (rng.random((SIDE, SIDE)) < 0.3).astype(np.int8), "flood")


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
