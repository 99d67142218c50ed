"""The section “How it was learnt”: which parts ran in this run, and what each is worth on simulated coasts."""

import json
from dataclasses import dataclass
from importlib.resources import files

from strandline.distillation.adaptation.how_learnt import HowLearnt
from strandline.distillation.adaptation.recipe import PARTS
from strandline.planning.formatting import format_percent, format_score, pluralise

ABLATION_FILE = "ablation.json"
"""Written by `python -m benchmarks.ablation` from the results of `benchmarks.delta`."""
LABELS = {
    "archive": "Amortised distillation: the teacher's maps of past storms are kept, and the student reads them",
    "soft_targets": "Soft targets: the teacher's probabilities",
    "annealing": "Temperature of the soft targets, falling step by step",
    "alignment": "Projection head: the student's features beside the teacher's",
    "temporal_attention": "Temporal attention: hours of the gauge beside the teacher's gauges and days of weather",
    "task_loss": "Local labels",
    "ewc": "Elastic weight consolidation: what was learnt on other coasts is held fast",
    "replay": "Replay of other coasts",
    "ensemble_distillation": "Ensemble distillation: one network learns all members",
    "mc_dropout": "Monte-Carlo dropout: several draws of the weights predict together",
}
METHODS = {
    "teacher": "The teacher, which sees radar",
    "amortised": "Recipe “amortised”",
    "article": "Recipe “article”",
    "self_archive": "The student with its own maps as archive, no teacher",
    "self_training": "Self-training, no teacher",
    "pretrained_finetuned": "Pretrained and fine-tuned on the labels",
    "pretrained": "Pretrained, nothing local",
    "labels_only": "The labels alone",
}
"""Methods that are compared, in the order of the table."""
ALIGNMENTS = {
    "cosine": "cosine",
    "linear_cka": "linear CKA",
    "rbf": "RBF kernel",
    "quantum_angle": "quantum kernel, angles",
    "quantum_zz": "quantum kernel, ZZ",
    "quantum_projected": "quantum kernel, projected",
}


@dataclass(frozen=True)
class PartRow:
    """One part: what it is, its weight in this run (``–`` = off) and the loss that it reached (``–`` = it has none)."""

    label: str
    weight: str
    loss: str


@dataclass(frozen=True)
class AblationRow:
    """One method or part: its IoU, and the difference to its recipe with a 95 % interval."""

    label: str
    iou: str
    difference: str


@dataclass(frozen=True)
class Ablation:
    """What was measured on simulated coasts.

    Attributes:
        introduction: which coasts, storms and labels.
        methods: IoU, and what the recipe “amortised” has more.
        parts: of both recipes: IoU without the part, and what the part is worth.
    """

    introduction: str
    methods: tuple[AblationRow, ...]
    parts: tuple[AblationRow, ...]


def part_rows(learnt: HowLearnt) -> list[PartRow]:
    """Return one row for every part that there is, those of this run first."""
    on = learnt.recipe.parts
    rows = []
    for part in (*on, *(part for part in PARTS if part not in on)):
        loss = learnt.loss_of(part) if part in on else None
        weight = _weight_of(part, learnt) if part in on else "–"
        rows.append(PartRow(LABELS[part], weight, "–" if loss is None else f"{loss:.4f}"))
    return rows


def learnt_sentences(learnt: HowLearnt) -> list[str]:
    """Return what the students learnt from, how far the teacher was trusted, and what was rejected."""
    storms, windows = pluralise(learnt.storms, "storm"), pluralise(learnt.windows, "hour")
    whole = (
        "all their weights were trained here"
        if learnt.recipe.all_weights
        else "only their surge and a map of the place were trained here"
        if learnt.maps_learnt
        else "only their surge was trained here; what they know of floods they read from the teacher's maps"
    )
    sentences = [
        f"Recipe: {learnt.recipe.name}. The students learnt from {storms} and {windows} of the record, in"
        f" {pluralise(learnt.steps, 'step')}; {whole}.",
        f"{pluralise(learnt.members, 'prediction')} are averaged.",
        learnt.teacher.advice,
    ]
    if learnt.archive_rejected:
        trust = "" if learnt.archive is None else f" (weight {learnt.archive.weight:.2f})"
        sentences.append(f"The archive of the teacher's maps was rejected: by the local labels it misleads{trust}.")
    elif learnt.archive is not None and learnt.recipe.archive:
        sentences.append(f"By the local labels the archive of its maps helps (weight {learnt.archive.weight:.2f}).")
    return sentences


def read_ablation() -> Ablation | None:
    """Return what each part is worth, as measured; ``None`` where nothing was."""
    path = files("strandline.report.page") / "data" / ABLATION_FILE
    record = json.loads(path.read_text(encoding="utf-8"))
    if not record["rows"]:
        return None
    introduction = (
        f"Measured on {record['coasts']} simulated coasts with {pluralise(record['seeds'], 'seed')} each and labels on"
        f" {format_percent(record['label_fraction'])} of the cells (commit {record['commit']}), not at this place."
        " Overlap with the true flood (IoU) on ordinary storms, mean over the coasts; in brackets the 95 % interval."
    )
    of = {row["method"]: row for row in record["rows"]}
    methods = [_ablation_row(METHODS[name], of[name]) for name in METHODS if name in of]
    parts = [
        _ablation_row(f"{row['recipe']}, without: {_first_words(LABELS[row['part']])}", row)
        for row in record["rows"]
        if row["part"] is not None
    ]
    return Ablation(introduction, tuple(methods), tuple(parts))


def _ablation_row(label: str, row: dict[str, float | None]) -> AblationRow:
    gain = row["difference"]
    low, high = row["low"], row["high"]
    text = "–" if gain is None else f"{gain:+.3f} ({low:+.3f} to {high:+.3f})"
    assert row["iou"] is not None
    return AblationRow(label, format_score(row["iou"]), text)


def _first_words(label: str) -> str:
    first = label.partition(":")[0]
    return first[0].lower() + first[1:]


def _weight_of(part: str, learnt: HowLearnt) -> str:
    recipe, trust = learnt.recipe, learnt.teacher.weight
    by_teacher = f" × {trust:.2f}, the teacher's weight"
    if part == "archive":
        return "rejected" if learnt.archive_rejected else "on"
    if part == "annealing":
        return f"{recipe.first_temperature:g} to {recipe.last_temperature:g}"
    if part == "alignment":
        return f"{recipe.feature:g}{by_teacher}, {ALIGNMENTS[recipe.alignment]}"
    if part == "ensemble_distillation":
        return pluralise(recipe.ensemble_steps, "step")
    if part == "mc_dropout":
        return pluralise(recipe.dropout_draws, "draw")
    weights = {
        "soft_targets": f"{recipe.soft:g}{by_teacher}",
        "temporal_attention": f"{recipe.temporal:g}{by_teacher}",
        "task_loss": f"{recipe.task:g}",
        "ewc": f"λ = {recipe.ewc:g}",
        "replay": f"{recipe.replay:g}",
    }
    return weights[part]
