"""Rows: one for each piece of a record and period, with the level and interval of the piece and the whole's level."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.extremes.gauges import SAMPLES, RealGauge, estimate_piece, read_gauges
from benchmarks.record import Row
from strandline.observations.arrays import Floats
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.risk.hazard.extremes import fit_block_maxima
from strandline.risk.hazard.mean_level_trend import decimal_year
from strandline.risk.hazard.return_levels import levels_of, sample_tails
from strandline.risk.hazard.short_maxima import fit_annual_maxima, needs_prior, sample_posterior

LENGTHS = (2, 6, 12)
HOURLY_PERIODS, MAXIMA_PERIODS = (10.0, 25.0), (10.0, 25.0, 100.0)
INTERVAL = (0.05, 0.5, 0.95)


@dataclass(frozen=True, eq=False)
class MaximaRecord:
    """Annual maxima (N,) [m] of a place, without a trend, and their years (N,)."""

    name: str
    years: Floats
    levels: Floats


def read_maxima(data: Path) -> Iterator[MaximaRecord]:
    """The lists of annual maxima in ``data/extremes``, each with its linear trend taken out to its last year."""
    folder = data / "extremes"
    fremantle = pd.read_csv(folder / "ismev_fremantle.csv")
    yield _record("fremantle", fremantle["Year"], fremantle["SeaLevel"])
    pirie = pd.read_csv(folder / "evd_portpirie.csv").iloc[:, -1]
    yield _record("port_pirie", pd.Series(1923.0 + np.arange(len(pirie))), pirie)
    english = pd.read_csv(folder / "evd_sealevel.csv", index_col=0)
    for name in english:
        known = english[name].dropna()
        yield _record(str(name), pd.Series(known.index.astype(float)), known)
    venice = pd.read_csv(folder / "evd_venice2.csv", index_col=0)["1"].dropna() / 100.0
    yield _record("venice", pd.Series(venice.index.astype(float)), venice)


def rows_of_maxima(record: MaximaRecord, seed: int) -> Iterator[Row]:
    """Rows of the pieces of a list of annual maxima."""
    rng = np.random.default_rng(seed)
    whole = fit_block_maxima(record.levels, record.years, source=record.name, trend=False)
    reference = np.quantile(levels_of(sample_tails(whole, SAMPLES, rng), MAXIMA_PERIODS), INTERVAL, axis=0)
    for length in LENGTHS:
        for start in range(0, record.levels.size - length + 1, length):
            part = slice(start, start + length)
            fit = fit_annual_maxima(record.levels[part], record.years[part], source=record.name, trend=False)
            alone = not needs_prior(fit.record_years, MAXIMA_PERIODS[-1])
            tails = (sample_tails if alone else sample_posterior)(fit, SAMPLES, rng)
            found = levels_of(tails, MAXIMA_PERIODS)
            first = f"{record.years[start]:.0f}"
            yield from _rows(record.name, "annual maxima", length, first, MAXIMA_PERIODS, found, reference)


def rows_of_hours(gauge: RealGauge, seed: int) -> Iterator[Row]:
    """Rows of the pieces of an hourly record; tide, spread and storms of a piece are from it alone."""
    end = float(decimal_year(gauge.time[-1:])[0])
    whole = estimate_piece(gauge, slice(None), seed, HOURLY_PERIODS, end)
    reference = np.quantile(whole.levels, INTERVAL, axis=0)
    for length in LENGTHS:
        step = length * HOURS_PER_YEAR
        starts = range(0, gauge.level.size - step + 1, step)
        if len(starts) < 2:
            starts = range(0, gauge.level.size - step + 1, gauge.level.size - step)
        for start in starts:
            part = slice(start, start + step)
            if np.isfinite(gauge.level[part]).mean() < 0.7:
                continue
            found = estimate_piece(gauge, part, seed, HOURLY_PERIODS, end)
            first = str(pd.Timestamp(gauge.time[start]).date())
            yield from _rows(gauge.name, "hours", length, first, HOURLY_PERIODS, found.levels, reference)


def rows_of(data: Path, seed: int) -> Iterator[Row]:
    """Every row."""
    for record in read_maxima(data):
        yield from rows_of_maxima(record, seed)
    for gauge in read_gauges(data):
        yield from rows_of_hours(gauge, seed)


def _rows(
    gauge: str, kind: str, years: int, first: str, periods: tuple[float, ...], found: Floats, reference: Floats
) -> Iterator[Row]:
    low, middle, high = np.quantile(found, INTERVAL, axis=0)
    for column, period in enumerate(periods):
        yield {
            "gauge": gauge,
            "kind": kind,
            "years": years,
            "from": first,
            "return_period": period,
            "level": round(float(middle[column]), 3),
            "low": round(float(low[column]), 3),
            "high": round(float(high[column]), 3),
            "whole": round(float(reference[1, column]), 3),
            "whole_low": round(float(reference[0, column]), 3),
            "whole_high": round(float(reference[2, column]), 3),
        }


def _record(name: str, years: pd.Series, levels: pd.Series) -> MaximaRecord:
    year, level = years.to_numpy(dtype=float), levels.to_numpy(dtype=float)
    slope = float(np.polyfit(year, level, 1)[0])
    return MaximaRecord(name, year, level + slope * (year[-1] - year))
