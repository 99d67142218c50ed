"""Predictions: how wet every method holds the cells of later scenes, for each source of the level."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.tidal_flats.levels import (
    Levels,
    Source,
    Table,
    fit_to_scenes,
    levels_by_fit,
    levels_by_table,
    levels_by_water,
)
from benchmarks.tidal_flats.methods import METHODS, Scale
from benchmarks.tidal_flats.scenes import Flat
from strandline.observations.arrays import Floats, Times
from strandline.observations.sea_level.scenes.local_tide import LocalTide


@dataclass(frozen=True, eq=False)
class Prediction:
    """Later scenes by one method.

    Attributes:
        source: of the level, or the control's name.
        score: (L, H·W), the wetter the higher; ``scale``: of the scores.
    """

    source: str
    method: str
    score: Floats
    scale: Scale

    @property
    def key(self) -> tuple[str, str]:
        """What one row stands for."""
        return self.source, self.method


Predictor = Callable[[Flat, Flat], Iterable[Prediction]]
"""From earlier scenes, and later ones of which all but the controls of a good level read the hours alone."""


def predictor_of(table: Table) -> Predictor:
    """Of every source and method that the benchmark compares."""

    def predict(earlier: Flat, later: Flat) -> Iterator[Prediction]:
        tide = fit_to_scenes(table, earlier)
        yield from predictions_by_hour(earlier, later.water.time, table, tide)
        yield from predictions_by_water(earlier, later, tide)

    return predict


def predictions_by_hour(earlier: Flat, later: Times, table: Table, tide: LocalTide) -> Iterator[Prediction]:
    """Of every method, from the earlier scenes and the hours of the later ones; no later pixel comes in here."""
    by_source: dict[Source, Levels] = {
        "table": levels_by_table(table, earlier.water.time, later),
        "fitted": levels_by_fit(tide, later),
    }
    for source, levels in by_source.items():
        for name, method in METHODS.items():
            yield Prediction(source, name, method.score(earlier, levels), method.scale)


def predictions_by_water(earlier: Flat, later: Flat, tide: LocalTide) -> Iterator[Prediction]:
    """With a good level: of either half of the flat, at the level that the water of the other half tells."""
    left = earlier.left_half
    halves = [levels_by_water(tide, earlier, later, scored) for scored in (left, ~left)]
    for name, method in METHODS.items():
        first, second = (method.score(earlier, levels) for levels in halves)
        yield Prediction("proxy", name, np.where(left, first, second), method.scale)
