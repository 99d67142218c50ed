"""Controls: what the result must not survive, what may not matter to it, and what does as well without a tide.

Each is predicted, cut and scored as the rows are: its cut is chosen on the earlier scenes alone.

- `shuffled earlier hours`, `shuffled later hours`: the scenes keep their water and swap their times. A fit that learnt
  from the tide must fall to a climatology or below.
- `all wet`: every cell of every scene.
- `season`: no level, and no moon. The share of wet among scenes of a similar day of the year.
- `hours alone`: the fitted tide for the levels of the earlier scenes too, not what their own water tells.
- `no table`: the same fit about a sea without a tide.
- `half`, `twice`: the assumed error of the table and the assumed spread of the weather.
- `half of the scenes`, `a quarter of the scenes`: every second, or fourth, of the earlier ones; a draw for each first.
- `backwards`: the last scenes of the file of the earlier ones predict the first.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.record import Row
from benchmarks.tidal_flats.cuts import choose_cuts
from benchmarks.tidal_flats.levels import (
    WEATHER,
    Levels,
    Table,
    fit_to_scenes,
    levels_by_fit,
    levels_by_hour,
    levels_by_table,
)
from benchmarks.tidal_flats.methods import METHODS, NEAR_SEASON, SHARES, YEAR, closeness, share_of_wet
from benchmarks.tidal_flats.predictions import Prediction, Predictor
from benchmarks.tidal_flats.scenes import Flat, to_learn_from
from benchmarks.tidal_flats.scoring import counts_of, score_of
from strandline.observations.arrays import Times
from strandline.observations.sea_level.harmonic_tide import TidalConstants

SHUFFLES = 5
COMPARED = ("threshold", "nearest_5", "waterlines")
AND_DAYS = (*COMPARED, "similar_days")
"""Where the dates of the scenes change too."""
LevelsOf = Callable[[Flat, Times], Levels]


@dataclass(frozen=True, eq=False)
class Control:
    """One control.

    Attributes:
        name: as in the table.
        predict: every draw of it.
        earlier, later: scenes that are learnt from, and predicted.
    """

    name: str
    predict: tuple[Predictor, ...]
    earlier: Flat
    later: Flat


def control_rows(controls: Iterable[Control], seed: int) -> tuple[list[Row], list[Row]]:
    """A row for each control and method, pooled over its draws, and the counts of each later scene."""
    rows: list[Row] = []
    counts: list[Row] = []
    for control in controls:
        of_methods: dict[str, list[Row]] = {}
        for predict in control.predict:
            cuts = choose_cuts(predict, control.earlier)
            for each in predict(control.earlier, control.later):
                found = counts_of(each, cuts[each.key], control.later, control.earlier.water.changes)
                of_methods.setdefault(each.method, []).extend({**row, "level_source": control.name} for row in found)
        for method, found in of_methods.items():
            row: Row = {"control": control.name, "method": method, "draws": len(control.predict)}
            rows.append({**row, **score_of(found, seed), "n_scenes": len(control.later.water), "seed": seed})
            counts += found
    return rows, counts


def controls_of(whole: Flat, earlier: Flat, later: Flat, table: Table, share: float) -> Iterator[Control]:
    """Every control.

    Args:
        whole: file of the earlier scenes; earlier: those that are learnt from.
        share: of ``whole`` that `backwards` learns from.
    """
    shuffles: dict[str, Callable[[int], Predictor]] = {
        "shuffled earlier hours": lambda draw: _shuffled(table, draw, is_later=False),
        "shuffled later hours": lambda draw: _shuffled(table, draw, is_later=True),
    }
    for name, shuffle in shuffles.items():
        yield Control(name, tuple(shuffle(draw) for draw in range(SHUFFLES)), earlier, later)
    single = {
        "all wet": _all_wet,
        "season": _by_season,
        "hours alone": _by_level(lambda flat, hours: _by_hour(table, flat, hours)),
        "no table": _fitted(replace(table, constants=_without_tide(table.constants))),
        "half the error of the table": _fitted(replace(table, size_error=table.size_error / 2)),
        "twice the error of the table": _fitted(replace(table, size_error=table.size_error * 2)),
        "half the weather": _fitted(table, WEATHER / 2),
        "twice the weather": _fitted(table, WEATHER * 2),
    }
    for name, predict in single.items():
        yield Control(name, (predict,), earlier, later)
    fitted = _fitted(table, methods=AND_DAYS)
    for name, step in (("half of the scenes", 2), ("a quarter of the scenes", 4)):
        yield Control(name, tuple(_thinned(fitted, first, step) for first in range(step)), earlier, later)
    count = round(share * len(whole.water))
    last, first = to_learn_from(whole.take(slice(-count, None))), whole.take(slice(0, -count))
    yield Control("backwards, fitted", (fitted,), last, first)
    published = _by_level(lambda flat, hours: levels_by_table(table, flat.water.time, hours))
    yield Control("backwards, table", (published,), last, first)


def _by_level(levels_of: LevelsOf, methods: Sequence[str] = COMPARED) -> Predictor:
    """Of the methods that are compared with one another at one level."""

    def predict(earlier: Flat, later: Flat) -> Iterator[Prediction]:
        levels = levels_of(earlier, later.water.time)
        for method in methods:
            yield Prediction("control", method, METHODS[method].score(earlier, levels), METHODS[method].scale)

    return predict


def _fitted(table: Table, weather: float = WEATHER, methods: Sequence[str] = COMPARED) -> Predictor:
    return _by_level(lambda flat, hours: levels_by_fit(fit_to_scenes(table, flat, weather), hours), methods)


def _by_hour(table: Table, flat: Flat, hours: Times) -> Levels:
    return levels_by_hour(fit_to_scenes(table, flat), flat.water.time, hours)


def _shuffled(table: Table, draw: int, *, is_later: bool) -> Predictor:
    predict = _fitted(table, methods=AND_DAYS)

    def shuffled(earlier: Flat, later: Flat) -> Iterable[Prediction]:
        rng = np.random.default_rng(draw)
        return predict(earlier, _swapped(later, rng)) if is_later else predict(_swapped(earlier, rng), later)

    return shuffled


def _thinned(predict: Predictor, first: int, step: int) -> Predictor:
    return lambda earlier, later: predict(earlier.take(slice(first, None, step)), later)


def _swapped(flat: Flat, rng: np.random.Generator) -> Flat:
    return replace(flat, water=replace(flat.water, time=rng.permutation(flat.water.time)))


def _all_wet(_: Flat, later: Flat) -> Iterator[Prediction]:
    yield Prediction("control", "all_wet", np.ones(later.water.wet.shape), SHARES)


def _by_season(earlier: Flat, later: Flat) -> Iterator[Prediction]:
    weight = closeness(later.water.time, earlier.water.time, YEAR, NEAR_SEASON)
    yield Prediction("control", "similar_days", share_of_wet(earlier, weight), SHARES)


def _without_tide(constants: TidalConstants) -> TidalConstants:
    return replace(constants, amplitude=dict.fromkeys(constants.amplitude, 0.0))
