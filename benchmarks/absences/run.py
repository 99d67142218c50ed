"""Rows: one for each coast and what is there, with the answer and its error."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.absences.coasts import PERIOD, KnownCoast, draw_coast, own_hours
from benchmarks.record import Row
from strandline.observations.arrays import Floats, Times
from strandline.observations.observations import Observations
from strandline.observations.sea_level.harmonic_tide import TidalConstants, fit_tide, predict_tide
from strandline.observations.sea_level.neighbouring_tides import FARTHEST_TIDE
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.pipeline.study_area import seaward_direction
from strandline.pipeline.study_area.assumed_sea import MEAN_ERRORS, usual_tide
from strandline.risk.hazard.cyclones.cyclone_passages import cyclone_passages
from strandline.risk.hazard.cyclones.simulated_cyclones import SimulatedCyclones, simulate_cyclones
from strandline.risk.hazard.own_record import GaugeHours, estimate_from_record
from strandline.risk.hazard.surges.regional_prior import WORLD
from strandline.risk.hazard.without_record import SeaErrors, estimate_without_record
from strandline.simulator.sea.assumed_gauge import simulate_assumed_gauge

SAMPLES = 200
TIDE_YEARS = 5
TUNING_SEED, TEST_SEED = 2_000_000, 700
"""Nothing was tuned here; what it measures was tuned on seeds from the first on."""


@dataclass(frozen=True)
class Given:
    """What a user has.

    Attributes:
        years: of readings; 0 = no gauge.
        tide: whether tidal constants are known where there is no gauge.
        tracks: whether cyclone tracks are given.
        basin: whether the basin's simulated cyclones are known; elsewhere in the world they are not.
    """

    years: float
    tide: bool = True
    tracks: bool = True
    basin: bool = True


CASES = {
    "30 years of readings": Given(30.0),
    "30 years, no tracks": Given(30.0, tracks=False),
    "6 years": Given(6.0),
    "2 years": Given(2.0),
    "no gauge": Given(0.0),
    "no gauge, no tide": Given(0.0, tide=False),
    "terrain alone": Given(0.0, tide=False, tracks=False),
    "terrain alone, unknown basin": Given(0.0, tide=False, tracks=False, basin=False),
}


def rows_of(seed: int) -> Iterator[Row]:
    """One row for each of ``CASES``."""
    known = draw_coast(seed)
    people, money = known.answers(known.level)
    for name, given in CASES.items():
        levels = levels_of(known, given, seed)
        low, middle, high = np.quantile(levels, [0.1, 0.5, 0.9])
        found_people, found_money = known.answers(float(middle))
        yield {
            "seed": seed,
            "given": name,
            "level": round(float(middle), 3),
            "low": round(float(low), 3),
            "high": round(float(high), 3),
            "truth": round(known.level, 3),
            "people": round(found_people),
            "people_truth": round(people),
            "people_low": round(known.answers(float(low))[0]),
            "people_high": round(known.answers(float(high))[0]),
            "money": round(found_money),
            "money_truth": round(money),
            "money_low": round(known.answers(float(low))[1]),
            "money_high": round(known.answers(float(high))[1]),
        }


def levels_of(known: KnownCoast, given: Given, seed: int) -> Floats:
    """(S,) levels of ``PERIOD`` [m, region datum] from what is given."""
    coast, rng = known.observations, np.random.default_rng(seed)
    gauge = coast.require_gauge()
    place = float(gauge["longitude"][0]), float(gauge["latitude"][0])
    passages = cyclone_passages(coast.require("storms"), *place) if given.tracks else None
    mean = float(gauge["mean_sea_level"][0])
    if given.years:
        time, level = own_hours(coast, given.years)
        fitted = fit_tide(time, level, place[1], name="own", source="own record")
        long = _long(time[0])
        tide, predicted = (predict_tide(fitted.constants, each) for each in (time, long))
        hours = GaugeHours(time, level - fitted.mean, tide, long, predicted)
        simulated = _cyclones(coast, place, hours, given, rng)
        found = estimate_from_record(hours, passages, simulated, (PERIOD,), SAMPLES, rng)
        return found.levels[:, 0] + fitted.mean
    constants = _constants(coast, place[1]) if given.tide else usual_tide(place[1])
    spread = float(np.exp(WORLD.log_spread[0]))
    assumed = simulate_assumed_gauge(constants, *place, 2026, 0.0, spread, seed)
    time = assumed["time"].values
    tide = predict_tide(constants, time)
    hours = GaugeHours(
        time, assumed["water_level"].values[0], tide, _long(time[0]), predict_tide(constants, _long(time[0]))
    )
    simulated = _cyclones(coast, place, hours, given, rng)
    # The datum of a simulated coast is as far from the sea's mean as a geoid may be: the error is drawn, and unknown.
    error = MEAN_ERRORS["geoid model"]
    errors = SeaErrors(error, 0.05 if given.tide else FARTHEST_TIDE)
    levels = estimate_without_record(hours, errors, passages, simulated, (PERIOD,), SAMPLES, rng).levels[:, 0]
    return levels + mean + error * float(np.random.default_rng([seed, 80]).standard_normal())


def _constants(coast: Observations, latitude: float) -> TidalConstants:
    """As a published table has them: fitted to years that nobody else sees."""
    gauge = coast.require_gauge()
    years = slice(0, 5 * HOURS_PER_YEAR)
    level = np.where(gauge["quality"].values[0] == 0, gauge["water_level"].values[0], np.nan)[years]
    return fit_tide(gauge["time"].values[years], level, latitude, name="published", source="a table").constants


def _cyclones(
    coast: Observations, place: tuple[float, float], hours: GaugeHours, given: Given, rng: np.random.Generator
) -> SimulatedCyclones | None:
    if not given.basin or (not given.tracks and given.years >= 10):
        return None
    return simulate_cyclones(*place, seaward_direction(coast.region), hours.tide_time, hours.predicted, rng)


def _long(start: np.datetime64) -> Times:
    return np.asarray(start + np.arange(TIDE_YEARS * HOURS_PER_YEAR) * np.timedelta64(1, "h"))
