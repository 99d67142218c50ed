"""The sea of a place where nobody has read it: what is taken for it, and how far that may be wrong.

Later stages need hours of a sea: storms to learn from, a tide for surges to meet. Where no gauge was read they are
simulated on the published tide, and are called so. Return levels never rest on them (`risk.hazard.without_record`).
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from strandline.observations.checks.published import Published
from strandline.observations.observations import Provenance
from strandline.observations.region_file import RegionFile
from strandline.observations.region_file.vertical_datum import Kind, VerticalDatum
from strandline.observations.sea_level.harmonic_tide import PUBLISHED_ERROR, TidalConstants
from strandline.observations.sea_level.neighbouring_tides import FARTHEST_TIDE
from strandline.risk.hazard.mean_level_trend import global_mean_rise
from strandline.risk.hazard.surges.regional_prior import WORLD
from strandline.risk.hazard.without_record import SeaErrors
from strandline.simulator.sea.assumed_gauge import simulate_assumed_gauge

USUAL_TIDE = {"M2": (0.31, 0.0), "S2": (0.08, 30.0), "N2": (0.06, 340.0), "K1": (0.09, 100.0), "O1": (0.07, 80.0)}
"""Amplitude [m] and phase [degrees] of a tide without constants: medians of the 4164 stations of TICON-4 (Hart-Davis et
al. 2022, CC-BY-4.0); phases are invented."""
MEAN_ERRORS: dict[Kind, float] = {"mean sea level": 0.1, "geoid model": 0.5, "chart datum": 1.5, "local": 0.7}
"""Deviation of the sea's mean from a datum's zero [m] where no gauge tells it. Assumptions: sea level lies within 2 m
of a geoid model, and chart datum up to 8 m below it (`observations.region_file.vertical_datum`)."""
SEED = 1


@dataclass(frozen=True)
class AssumedSea:
    """What is taken for the sea, in words, and how far it may be wrong.

    Attributes:
        errors: of tide and mean level.
        tide: where the tide is from, as a sentence.
        mean: where the mean level is from, as a sentence.
    """

    errors: SeaErrors
    tide: str
    mean: str


def assume_sea(
    region_file: RegionFile, published: Published, baseline: int
) -> tuple[xr.Dataset, Provenance, AssumedSea]:
    """Modality ``tide_gauge`` of a region file without a gauge, where it is from, and what was assumed."""
    longitude, latitude = region_file.region.centre_lonlat
    datum = region_file.region_section.vertical_datum
    mean, mean_error = _mean_level(datum, baseline)
    constants = published.constants
    if constants is None:
        tide = (
            "No tidal constants were given: the tide is a usual one of the world's coasts, and may be a third or three"
            " times as large here."
        )
        tide_error, used = FARTHEST_TIDE, usual_tide(latitude)
    else:
        tide_error, used = published.tide_size_error or PUBLISHED_ERROR, constants
        tide = (
            f"The tide is that of {constants.source}; it may be {np.expm1(tide_error):.0%} larger or"
            f" {-np.expm1(-tide_error):.0%} smaller here, in 1 of 3 cases more."
        )
    spread = float(np.exp(WORLD.log_spread[0]))
    gauge = simulate_assumed_gauge(used, longitude, latitude, baseline, mean, spread, SEED)
    provenance = Provenance("simulated", "strandline.simulator, an assumed sea in place of a gauge", "Apache-2.0")
    where = (
        f"No gauge tells where the sea's mean lies: it is taken as {mean:.2f} m above {datum}, and may be"
        f" {mean_error:.1f} m off or more in 1 of 3 cases."
    )
    return gauge, provenance, AssumedSea(SeaErrors(mean_error, tide_error), tide, where)


def usual_tide(latitude: float) -> TidalConstants:
    """A tide of the usual size for a coast whose tide is not known."""
    return TidalConstants(
        "a usual tide",
        latitude,
        "an assumption",
        {name: amplitude for name, (amplitude, _) in USUAL_TIDE.items()},
        {name: phase for name, (_, phase) in USUAL_TIDE.items()},
    )


def _mean_level(datum: VerticalDatum, baseline: int) -> tuple[float, float]:
    """Mean sea level of the baseline year [m, region datum], and its deviation [m]."""
    rise = 0.0 if datum.epoch is None else global_mean_rise(sum(datum.epoch) / 2, baseline)
    return rise, MEAN_ERRORS[datum.kind]
