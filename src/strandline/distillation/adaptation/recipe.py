"""Recipes: what a student learns from at a place, part by part, each by its name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Self, get_args

from strandline.distillation.alignment.kernel_alignment import AlignmentName
from strandline.errors import InputError

PARTS: Mapping[str, Mapping[str, float | int | bool]] = {
    "archive": {"archive": False},
    "soft_targets": {"soft": 0.0},
    "annealing": {"first_temperature": 1.0, "last_temperature": 1.0},
    "alignment": {"feature": 0.0},
    "temporal_attention": {"temporal": 0.0},
    "task_loss": {"task": 0.0},
    "ewc": {"ewc": 0.0},
    "replay": {"replay": 0.0},
    "ensemble_distillation": {"ensemble_steps": 0},
    "mc_dropout": {"dropout_draws": 0},
}
"""Name of a part → the fields of a recipe that hold it, with the values at which it is off."""
ALIGNMENTS: tuple[AlignmentName, ...] = get_args(AlignmentName)


@dataclass(frozen=True)
class Recipe:
    """The parts that students learn by. A weight or number of 0 means that a part is off and not computed.

    Attributes:
        name: of the recipe, with what was taken out of it.
        archive: amortised distillation: the teacher's maps of past storms are kept, and students that were trained on
            many coasts to read them do so, by attention and as waterlines; their map is then not trained on the place.
        soft: weight of the soft targets (flood, damage).
        first_temperature, last_temperature: of the soft targets, annealed geometrically over the steps.
        feature: weight of the feature alignment; ``alignment``: its kind.
        temporal: weight of the temporal attention: the hours of the student's gauge beside those of the teacher's
            gauges and days of weather.
        task: weight of the local labels.
        ewc: λ of elastic weight consolidation on storms of other coasts; ``replay``: weight of training on them again.
            Both guard weights that other coasts share: they count where every weight is trained.
        ensemble_steps: steps in which one network learns the predictions of all members, one head each.
        dropout_draws: Monte-Carlo dropout: draws of each network's weights that predict together.
        all_weights: train every weight, not only the site memory.
        learning_rate: of AdamW.
    """

    name: str = "amortised"
    archive: bool = True
    soft: float = 0.8
    first_temperature: float = 1.0
    last_temperature: float = 1.0
    feature: float = 0.0
    alignment: AlignmentName = "cosine"
    temporal: float = 0.0
    task: float = 0.2
    ewc: float = 0.0
    replay: float = 0.0
    ensemble_steps: int = 0
    dropout_draws: int = 0
    all_weights: bool = False
    learning_rate: float = 1e-3

    def __post_init__(self) -> None:
        if self.alignment not in ALIGNMENTS:
            raise _unknown("alignment", self.alignment, ALIGNMENTS)

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts that are on, in the order of ``PARTS``."""
        return tuple(
            name for name, off in PARTS.items() if any(getattr(self, field) != value for field, value in off.items())
        )

    def without(self, *parts: str) -> Self:
        """The same recipe with these parts off.

        Raises:
            InputError: a part that does not exist, or that this recipe does not have.
        """
        found = self
        for part in parts:
            if (fault := found._fault_of(part)) is not None:
                raise fault
            found = replace(found, **PARTS[part], name=f"{found.name} without {part}")  # type: ignore[arg-type]
        return found

    def _fault_of(self, part: str) -> InputError | None:
        """Why this part cannot be left out; ``None`` = it can."""
        if part not in PARTS:
            return _unknown("without", part, PARTS)
        if part not in self.parts:
            what = f"recipe '{self.name}' has no part '{part}' that could be left out"
            return InputError("without", what, f"its parts are {_listed(self.parts)}")
        return None

    def without_teacher(self, *, all_weights: bool) -> Self:
        """What a baseline learns by: the labels alone, and what guards against forgetting."""
        baseline = replace(self, name="labels alone", archive=False, soft=0.0, feature=0.0, temporal=0.0, task=1.0)
        return replace(baseline, all_weights=all_weights)


AMORTISED = Recipe()
"""The default: the students read the teacher's maps of past storms, and are not trained on the place."""
ARTICLE = Recipe(
    "article",
    archive=False,
    soft=0.5,
    first_temperature=5.0,
    last_temperature=1.0,
    feature=0.3,
    temporal=0.3,
    task=0.2,
    ewc=300.0,
    ensemble_steps=300,
    dropout_draws=8,
    all_weights=True,
    learning_rate=3e-4,
)
"""The recipe of the article that Strandline started from: its weights and temperatures, every part on, no archive.

The weight of the temporal attention is that of the feature alignment (the article gives none); λ and the learning rate
are those of `benchmarks.forgetting`, the draws those of `benchmarks.calibration`."""
RECIPES: Mapping[str, Recipe] = {recipe.name: recipe for recipe in (AMORTISED, ARTICLE)}


def recipe_of(name: str = AMORTISED.name, without: Iterable[str] = (), alignment: str | None = None) -> Recipe:
    """The recipe of this name, without some of its parts, and with another alignment of features.

    Raises:
        InputError: the first of `recipe_faults`.
    """
    parts = tuple(dict.fromkeys(without))
    for fault in recipe_faults(name, parts, alignment):
        raise fault
    recipe = RECIPES[name]
    if alignment is not None:
        recipe = replace(recipe, alignment=alignment)  # type: ignore[arg-type]
    return recipe.without(*parts)


def recipe_faults(name: str, without: Iterable[str], alignment: str | None) -> list[InputError]:
    """All that is wrong with the names of a recipe: one that does not exist, or that the recipe does not have."""
    recipe, faults = RECIPES.get(name), []
    if recipe is None:
        faults.append(_unknown("recipe", name, RECIPES))
    for part in without:
        fault = _unknown("without", part, PARTS) if part not in PARTS else recipe and recipe._fault_of(part)
        faults += [fault] if fault else []
    if alignment is not None and alignment not in ALIGNMENTS:
        faults.append(_unknown("alignment", alignment, ALIGNMENTS))
    elif alignment is not None and recipe is not None and "alignment" not in recipe.parts:
        remedy = f"name the recipe '{ARTICLE.name}' as well, or leave the alignment out"
        faults.append(InputError("alignment", f"recipe '{name}' aligns no features", remedy))
    return faults


def _unknown(where: str, name: str, known: Iterable[str]) -> InputError:
    names = list(known)
    alike = get_close_matches(name.lower().replace("-", "_").replace(" ", "_"), names, n=1)
    meant = f"is '{alike[0]}' meant? " if alike else ""
    return InputError(where, f"'{name}' is unknown", f"{meant}name one of {_listed(names)}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
