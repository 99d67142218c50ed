"""What a place has already: facilities that an emergency action operates and that nobody builds a second time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from strandline.errors import InputError
from strandline.planning.measures import LongTermMeasure, Measures, OperationalMeasure

WHERE = "[planning.existing]"


@dataclass(frozen=True)
class MeasuresHere:
    """The measures that make sense at a place.

    Attributes:
        left_out: a sentence for each reason for which others do not.
    """

    measures: Measures
    left_out: tuple[str, ...]


def facilities_of(measures: Measures) -> tuple[str, ...]:
    """What the measures of a catalogue build or operate, in its order."""
    named = [*(each.facility for each in measures.long_term), *(each.facility for each in measures.operational)]
    return tuple(dict.fromkeys(name for name in named if name))


def check_existing(measures: Measures, existing: Sequence[str] | None) -> None:
    """Refuse what no measure of the whole catalogue builds or operates.

    Raises:
        InputError: naming it.
    """
    known = facilities_of(measures)
    for name in existing or ():
        if name not in known:
            raise InputError(WHERE, f"no measure builds or operates {name!r}", f"known: {', '.join(known) or 'none'}")


def measures_here(measures: Measures, existing: Sequence[str] | None) -> MeasuresHere:
    """Operate what exists, build what does not.

    Where nothing is stated nothing is taken to exist, and the actions that this leaves out are named.

    Args:
        existing: names of facilities; ``None`` = not stated.
    """
    here = frozenset(existing or ())
    built = [each for each in measures.long_term if each.facility in here]
    idle = [each for each in measures.operational if each.facility and each.facility not in here]
    sentences = []
    if existing is None and idle:
        example = ", ".join(dict.fromkeys(f'"{each.facility}"' for each in idle))
        sentences.append(
            f"{_titles(idle)}: not offered, because nothing states that {_among(each.facility for each in idle)} exist"
            f" here. If they do, write existing = [{example}] in [planning] of the region file."
        )
    if built:
        sentences.append(f"{_titles(built)}: not considered, because the place has them already.")
    kept = Measures(
        tuple(each for each in measures.long_term if each not in built),
        tuple(each for each in measures.operational if each not in idle),
    )
    return MeasuresHere(kept, tuple(sentences))


def _titles(measures: Sequence[LongTermMeasure | OperationalMeasure]) -> str:
    return ", ".join(each.title for each in measures)


def _among(names: Iterable[str]) -> str:
    return " or ".join(dict.fromkeys(names))
