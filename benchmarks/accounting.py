"""What the learning benchmarks count alike: retention, the best baseline, label fractions, intervals and ceilings."""

from collections.abc import Callable, Collection, Mapping, Sequence
from copy import deepcopy
from typing import NamedTuple

from torch import nn

from benchmarks.record import Row, Value, markdown_table, shown
from benchmarks.statistics import Groups, Interval, Key, bootstrap_ratio, mean_over_groups

DRAWS = 4000
"""Bootstrap samples."""


def retention(student: Groups[Key], teacher: Groups[Key], unadapted: Groups[Key] | None = None) -> Row:
    """Share of its teacher's score that a student keeps, with its interval, as entries of a summary.

    Args:
        student: scores by event or coast; ``teacher``: of the prediction that the student was distilled from.
        unadapted: of the teacher before it was adapted to the place, a further ratio; ``None`` = the same teacher.
    """
    entries = bootstrap_ratio(student, teacher, DRAWS, seed=0).entries("retention")
    if unadapted is not None:
        entries |= bootstrap_ratio(student, unadapted, DRAWS, seed=0).entries("retention of the unadapted teacher")
    return entries


def best_baseline(methods: Mapping[str, Groups[Key]], fair: Collection[str]) -> str | None:
    """The fair baseline with the highest mean over groups; the first of equals; ``None`` where there is none.

    Args:
        methods: name → scores on the same tests; ``fair``: names of those without a teacher.
    """
    means = {name: mean_over_groups(methods[name]) for name in fair if methods.get(name)}
    return max(means, key=lambda name: means[name]) if means else None


def labelled_counts(fractions: Sequence[float], total: int, fewest: int = 0) -> dict[float, int]:
    """True label fraction → number of labelled items, increasing; fractions that label the same items are one.

    Args:
        fractions: as asked for; 0 stays 0.
        total: number of items that could be labelled: chips, storms or cells.
        fewest: labelled items at any fraction above 0.
    """
    counts = {max(round(fraction * total), fewest) if fraction > 0 else 0 for fraction in fractions}
    return {count / total: count for count in sorted(counts)}


def signed(value: Value, digits: int = 3) -> str:
    """A difference with its sign, ``+0.023``; as many digits more as show that it is not 0, ``−0.0001``."""
    if not isinstance(value, int | float) or value != value:
        return "–"
    if value == 0:
        return "0"
    while float(f"{value:.{digits}f}") == 0 and digits < 12:
        digits += 1
    return f"{value:+.{digits}f}".replace("-", "−")


def signed_interval(interval: Interval, digits: int = 3) -> str:
    """A difference and the ends of its interval, each with its sign: ``+0.023 (−0.0001 to +0.046)``."""
    mean, low, high = (signed(value, digits) for value in interval)
    return f"{mean} ({low} to {high})"


def interval_table(summary: Mapping[str, Value]) -> str:
    """A summary as a Markdown table; the ends of an interval stand beside its mean, those of differences with signs."""
    lines: list[Row] = []
    for what, value in summary.items():
        low, high = (summary.get(f"{what} {end}") for end in ("low", "high"))
        if what.rpartition(" ")[2] in ("low", "high") and what.rpartition(" ")[0] in summary:
            continue
        text: Value = value
        if isinstance(low, int | float) and isinstance(high, int | float) and isinstance(value, int | float):
            interval = Interval(value, low, high)
            plain = f"{shown(value)} ({shown(low)} to {shown(high)})"
            text = signed_interval(interval) if " − " in what else plain
        lines.append({"what": what, "value": text})
    return markdown_table(lines, ["what", "value"])


class Convergence(NamedTuple):
    """Optimiser steps in all, those of the weights that are kept, and their validation loss."""

    steps: int
    best: int
    loss: float


def train_to_convergence(
    network: nn.Module,
    train_round: Callable[[int], None],
    validation_loss: Callable[[], float],
    *,
    steps: int,
    patience: int,
    rounds: int,
) -> Convergence:
    """Train until the validation loss has not fallen for some rounds; the network keeps its best weights.

    Args:
        network: changed in place; ``train_round``: trains it for ``steps`` more steps, given the number of the round.
        validation_loss: on data that trains nothing, measured before the first round too.
        patience: rounds without a lower loss after which training ends; ``rounds``: at most so many.

    Source: early stopping, Prechelt (1998), Early Stopping – But When?, criterion UP.
    """
    best, kept, lowest = 0, deepcopy(network.state_dict()), validation_loss()
    done = 0
    while done < rounds and done - best < patience:
        train_round(done)
        done += 1
        loss = validation_loss()
        if loss < lowest:
            best, kept, lowest = done, deepcopy(network.state_dict()), loss
    network.load_state_dict(kept)
    return Convergence(done * steps, best * steps, lowest)
