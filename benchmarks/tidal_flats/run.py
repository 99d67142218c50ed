"""Rows: one for each source of the level and method, and the counts of each later scene behind it."""

import numpy as np

from benchmarks.record import Row
from benchmarks.tidal_flats.cuts import choose_cuts
from benchmarks.tidal_flats.levels import Table, fit_to_scenes, levels_by_fit, levels_by_table
from benchmarks.tidal_flats.predictions import predictor_of
from benchmarks.tidal_flats.scenes import Flat
from benchmarks.tidal_flats.scoring import counts_of, elevation_error, score_of
from strandline.observations.arrays import Floats
from strandline.observations.sea_level.scenes.local_tide import LocalTide


def rows_of(earlier: Flat, later: Flat, table: Table, seed: int) -> tuple[list[Row], list[Row]]:
    """The rows, and the counts of each later scene."""
    by_source = {
        "table": levels_by_table(table, earlier.water.time, later.water.time),
        "fitted": levels_by_fit(fit_to_scenes(table, earlier), later.water.time),
    }
    predict = predictor_of(table)
    cuts = choose_cuts(predict, earlier)
    rows: list[Row] = []
    counts: list[Row] = []
    for prediction in predict(earlier, later):
        cut = cuts[prediction.key]
        counted = counts_of(prediction, cut, later, earlier.water.changes)
        levels = by_source.get(prediction.source)
        error = None if levels is None else elevation_error(prediction.method, earlier, levels)
        rows.append(
            {
                "level_source": prediction.source, "method": prediction.method, "cut": cut, **score_of(counted, seed),
                "elevation_rmse_m": error, "n_scenes": len(counted), "seed": seed,
            }
        )  # fmt: skip
        counts += counted
    return rows, counts


def tide_rows(table: Table, tide: LocalTide, largest: int = 8) -> list[Row]:
    """The largest constituents as published and as fitted, with the standard deviation of the fit's amplitudes [m]."""
    fitted = tide.fitted.constants
    names = sorted(fitted.amplitude, key=lambda name: -fitted.amplitude[name])[:largest]
    count = len(fitted.amplitude)
    sd = np.sqrt((tide.fitted.modes**2).sum(axis=1))
    place = {name: number for number, name in enumerate(fitted.amplitude)}
    return [
        {
            "constituent": name,
            "table_m": table.constants.amplitude.get(name),
            "table_deg": table.constants.phase.get(name),
            "fitted_m": fitted.amplitude[name],
            "fitted_deg": fitted.phase[name],
            "sd_m": _rms(sd[[place[name], count + place[name]]]),
        }
        for name in names
    ]


def _rms(values: Floats) -> float:
    return float(np.sqrt(np.mean(values**2)))
