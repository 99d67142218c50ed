"""The section “How it was learnt”: which parts ran in this run, and what each is worth on simulated coasts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from strandline.distillation.adaptation.how_learnt import HowLearnt
from strandline.distillation.adaptation.recipe import PARTS, RECIPES, Recipe
from strandline.distillation.adaptation.teacher_weight import TeacherWeight
from strandline.observations.region_file.prices.money import SPACE
from strandline.planning.formatting import format_percent, pluralise

ABLATION_FILE = "ablation.json"
"""Written by `python -m benchmarks.ablation` from the results of `benchmarks.delta`."""
SUMMARIES = {
    "amortised": "the students look up what the teacher made of past storms",
    "article": "the students imitate what the teacher predicts and how it looks at a storm",
}
"""Recipe → what the students do, in a clause."""
LABELS = {
    "archive": "Looking up the teacher's maps of past storms (amortised distillation)",
    "soft_targets": "Imitating the teacher's predictions with their doubts (soft targets)",
    "annealing": "Blurring these predictions at first, then less and less (annealed temperature)",
    "alignment": "Seeing in a storm what the teacher sees (feature alignment by a projection head)",
    "temporal_attention": "Looking at the hours and days that the teacher looks at (temporal attention)",
    "task_loss": "Matching what was measured here (local labels)",
    "ewc": "Not unlearning other coasts (elastic weight consolidation)",
    "replay": "Practising again on other coasts (replay)",
    "ensemble_distillation": "One network that learns what all students say (ensemble distillation)",
    "mc_dropout": "Random variants of the network that predict together (Monte-Carlo dropout)",
}
"""Part → what it does, and in brackets its name in the field."""
METHODS = {
    "teacher": "The teacher, which sees radar",
    "amortised": "Recipe “amortised”",
    "article": "Recipe “article”",
    "self_archive": "No teacher: the student looks up maps of its own",
    "survey_archive": "No teacher: the student looks up maps of its own and the labels",
    "unet_finetuned": "No teacher: the student looks up maps of its own, then learns from the labels",
    "boosted_trees": "No teacher: boosted trees",
    "self_training_clear": "No teacher: the student learns from its own maps of cloudless images",
    "self_training": "No teacher: the student learns from its own maps",
    "pretrained_finetuned": "No teacher: the student learns from the labels, after other coasts",
    "pretrained": "The student as shipped, nothing learnt here",
    "labels_only": "The labels alone, nothing from other coasts",
}
"""Methods that are compared, in the order of the table."""
STRONGEST_WITHOUT_TEACHER = "self_archive"
ALIGNMENTS = {
    "cosine": "cosine",
    "linear_cka": "linear CKA",
    "rbf": "RBF kernel",
    "quantum_angle": "quantum kernel, angles",
    "quantum_zz": "quantum kernel, ZZ",
    "quantum_projected": "quantum kernel, projected",
}
OFF, UNUSED, NONE = "off", "nothing was trained here", "–"
WORSE, BETTER = 0.25, 0.75
"""Weight of the teacher, its chance to be better than a student without one: worse below, better above."""
LEAST_VISIBLE = 0.1
"""Share of the teacher's predictions that the students' data determine, below which the text warns."""


@dataclass(frozen=True)
class PartRow:
    """One part: what it does, how strongly it worked in this run, and the loss that was left (``–`` = it has none)."""

    label: str
    weight: str
    loss: str


@dataclass(frozen=True)
class AblationRow:
    """One method or part: its overlap, and the difference to its recipe with a 95 % interval."""

    label: str
    iou: str
    difference: str


@dataclass(frozen=True)
class Ablation:
    """What was measured on simulated coasts.

    Attributes:
        introduction: which coasts, storms and labels, and what is missing.
        methods: overlap, and by how much the recipe “amortised” is better.
        parts: of both recipes: overlap without the part, and what the part adds.
        source: where the figures come from.
    """

    introduction: tuple[str, ...]
    methods: tuple[AblationRow, ...]
    parts: tuple[AblationRow, ...]
    source: str


def part_rows(learnt: HowLearnt) -> list[PartRow]:
    """Return one row for every part that there is, those of this run first."""
    on = learnt.recipe.parts
    rows = [PartRow(LABELS[part], _weight_of(part, learnt), _loss(learnt.loss_of(part))) for part in on]
    return rows + [PartRow(LABELS[part], OFF, NONE) for part in PARTS if part not in on]


def learnt_sentences(learnt: HowLearnt) -> list[str]:
    """Return what the students learnt from, how far the teacher was trusted, and what was rejected."""
    effort = f"on {pluralise(learnt.storms, 'storm')} in {pluralise(learnt.steps, 'step')}"
    trained = (
        "They were not trained here: what they know of floods comes from other coasts and from the teacher's maps of"
        " this site."
        if learnt.steps == 0
        else f"They were trained here as a whole, {effort}."
        if learnt.recipe.all_weights
        else f"A map of the site was trained here, {effort}, the rest on other coasts."
    )
    sentences = [
        f"{_recipe_sentence(learnt.recipe)} {trained}",
        f"Every map is the mean of {pluralise(learnt.members, 'prediction')}; where they differ, it is less certain.",
        _trust(learnt.teacher),
    ]
    if learnt.archive_rejected:
        weight = "" if learnt.archive is None else f" (weight {learnt.archive.weight:.2f})"
        sentences.append(f"The teacher's maps of past storms were rejected: by the labels they mislead{weight}.")
    elif learnt.archive is not None and learnt.recipe.archive:
        sentences.append(f"By the labels its maps of past storms help (weight {learnt.archive.weight:.2f}).")
    return sentences


def read_ablation(recipe: Recipe) -> Ablation | None:
    """Return what each part is worth, as measured; ``None`` where nothing was.

    Args:
        recipe: of this run; the introduction names what was not measured of it.
    """
    path = files("strandline.report.page") / "data" / ABLATION_FILE
    record = json.loads(path.read_text(encoding="utf-8"))
    if not record["rows"]:
        return None
    measured = (
        f"These figures are not of this site. They were measured on {record['coasts']} {record['provenance']} coasts"
        f" with {pluralise(record['seeds'], 'repetition')} each, where {format_percent(record['label_fraction'])} of"
        " the cells had labels: the overlap of mapped and true floods (IoU: 0 = none, 1 = perfect) on ordinary storms,"
        " mean over the coasts; in brackets the 95 % interval."
    )
    of = {row["method"]: row for row in record["rows"]}
    methods = [_ablation_row(METHODS[name], of[name]) for name in METHODS if name in of]
    parts = [_ablation_row(_part_of(row), row) for row in record["rows"] if row["part"] is not None]
    alone = {(row["recipe"], row["part"]) for row in record["rows"]}
    source = (
        f"Source: {record['provenance']} coasts of Strandline's benchmark “{record['benchmark']}”, commit"
        f" {record['commit']}; benchmarks/README.md of the source code says how it is run."
    )
    return Ablation((measured, *_not_measured(recipe, set(of), alone)), tuple(methods), tuple(parts), source)


def _not_measured(recipe: Recipe, methods: set[str], alone: set[tuple[str | None, str | None]]) -> list[str]:
    """What a reader might look for in the tables and does not find."""
    name = _base(recipe)
    sentences = []
    if name in RECIPES and name not in methods:
        sentences.append(
            f"The recipe of this run, “{name}”, has not been measured there: what it is worth is not known."
        )
    elif unmeasured := [part for part in recipe.parts if (name, part) not in alone]:
        listed = ", ".join(_term(part) for part in unmeasured)
        sentences.append(f"Parts of this run that were not measured alone: {listed}.")
    if STRONGEST_WITHOUT_TEACHER not in methods:
        sentences.append(
            "One comparison is missing: a student that looks up maps of its own, without any teacher. It may come"
            " close, so that no gain over the best method without a teacher is claimed."
        )
    return sentences


def _ablation_row(label: str, row: Mapping[str, float | None]) -> AblationRow:
    iou, gain, low, high = (row[name] for name in ("iou", "difference", "low", "high"))
    assert iou is not None
    if gain is None or low is None or high is None:
        return AblationRow(label, f"{iou:.2f}", NONE)
    return AblationRow(label, f"{iou:.2f}", f"{_signed(gain)} ({_signed(low)}{SPACE}to{SPACE}{_signed(high)})")


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _part_of(row: Mapping[str, str]) -> str:
    return f"“{row['recipe']}” without: {_lower(LABELS[row['part']])}"


def _recipe_sentence(recipe: Recipe) -> str:
    """Which recipe, what it does, and what was left out."""
    name, out = _base(recipe), [part for part in PARTS if f" without {part}" in recipe.name]
    lacks = f", without {' and '.join(_term(part) for part in out)}" if out else ""
    does = f": {SUMMARIES[name]}" if name in SUMMARIES else ""
    return f"Small networks, the students, learnt by the recipe “{name}”{lacks}{does}."


def _base(recipe: Recipe) -> str:
    return recipe.name.partition(" without ")[0]


def _term(part: str) -> str:
    """The name of a part in the field."""
    return LABELS[part].rpartition("(")[2].rstrip(")")


def _lower(label: str) -> str:
    return label[0].lower() + label[1:]


def _trust(teacher: TeacherWeight) -> str:
    """How far the teacher is right at this site, and how much it counts."""
    counts = f"what it teaches counts with weight {teacher.weight:.2f} (1 = fully)"
    if teacher.teacher_error is None or teacher.student_error is None:
        text = f"No label of this site shows how good the teacher is: {counts}, an assumption."
    else:
        where = f"on {pluralise(len(teacher.gains), 'labelled block')} of this site"
        errors = (
            f"{where} their errors are {teacher.teacher_error:.2f} and {teacher.student_error:.2f} (Brier score:"
            " 0 = perfect, 2 = always wrong)"
        )
        verdict = (
            "The teacher is probably worse here than a student without one"
            if teacher.weight < WORSE
            else "The teacher is probably better here than a student without one"
            if teacher.weight > BETTER
            else "The labels do not decide whether the teacher is better here than a student without one, more would"
        )
        text = f"{verdict}: {errors}, so that {counts}."
    if teacher.visibility is not None and teacher.visibility < LEAST_VISIBLE:
        share = format_percent(max(teacher.visibility, 0))
        text += f" Little can be learnt from it in any case: the students' data determine {share} of its predictions."
    return text


def _loss(loss: float | None) -> str:
    return NONE if loss is None else f"{loss:.2g}"


def _weight_of(part: str, learnt: HowLearnt) -> str:
    recipe = learnt.recipe
    by_teacher = f" × {learnt.teacher.weight:.2f} (weight of the teacher)"
    if part == "archive":
        return "rejected" if learnt.archive_rejected else "on"
    if part == "ensemble_distillation":
        return pluralise(recipe.ensemble_steps, "step")
    if part == "mc_dropout":
        return pluralise(recipe.dropout_draws, "variant")
    if learnt.steps == 0:
        return UNUSED
    if part == "annealing":
        return f"from {recipe.first_temperature:g} to {recipe.last_temperature:g}"
    if part == "alignment":
        return f"{recipe.feature:g}{by_teacher}, {ALIGNMENTS[recipe.alignment]}"
    weights = {
        "soft_targets": f"{recipe.soft:g}{by_teacher}",
        "temporal_attention": f"{recipe.temporal:g}{by_teacher}",
        "task_loss": f"{recipe.task:g}",
        "ewc": f"λ = {recipe.ewc:g}",
        "replay": f"{recipe.replay:g}",
    }
    return weights[part]
