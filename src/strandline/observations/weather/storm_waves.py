"""The waves of a place in storms: stated, or raised by the wind of the record, and how far they lift the sea."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.region import Region
from strandline.observations.region_file.weather_sections import WavesSection

GRAVITY = 9.81
DISSIPATIVE = 0.3
"""Iribarren number below which a beach is dissipative [-]."""
PEAK_TO_SPECTRAL = 1.1
"""Peak period over the spectral period Tm−1,0 of a single sea [-] (EurOtop 2018, section 4.2.2)."""
HIGHEST_OVER_DEPTH = 0.6
"""Significant height of broken waves over the depth at most [-]: root-mean-square heights of 0.42, in the middle of the
0.29 to 0.55 measured on a natural beach (Sallenger and Holman 1985, J. Geophys. Res. 90, 11939-11944, read in abstract;
gentle slopes have the lower ratios), times √2."""


@dataclass(frozen=True)
class StormWaves:
    """The waves in every storm of a place, from its first hour to its last: an upper bound for most of them.

    Attributes:
        height: significant, in deep water off the coast [m]; ``period``: of the peak [s].
        beach_slope: tangent of the shore where they break [-].
        origin: where height and period come from, for a sentence.
    """

    height: float
    period: float
    beach_slope: float
    origin: str

    @property
    def set_up(self) -> float:
        """Mean rise of the water at the shore above still water [m].

        Source: Stockdon et al. (2006), Coastal Engineering 53, 573–588, eq. 10; on dissipative beaches the part of the
        set-up in eq. 18.
        """
        length = GRAVITY * self.period**2 / (2 * np.pi)
        size = np.sqrt(self.height * length)
        if self.beach_slope < DISSIPATIVE * np.sqrt(self.height / length):
            return float(0.016 * size)
        return float(0.35 * self.beach_slope * size)

    @property
    def spectral_period(self) -> float:
        """Tm−1,0 [s]"""
        return self.period / PEAK_TO_SPECTRAL

    def height_in(self, depth: Floats) -> Floats:
        """Significant height [m] in water of a depth [m], of its shape: no more than the depth allows."""
        return np.minimum(self.height, HIGHEST_OVER_DEPTH * np.maximum(depth, 0.0))

    @property
    def sentence(self) -> str:
        """What simulated floods hold of waves."""
        return (
            f"Waves of {self.height:.1f} m and {self.period:.0f} s, {self.origin}, lift the sea by {self.set_up:.2f} m"
            " in every simulated storm, from its first hour to its last: an upper bound for most storms, and in river"
            " mouths, where measurements found hardly any such rise. Where breaches are simulated, the waves are thrown"
            " over the lowest point of each embankment as well; they wear none down. How high single waves run up a"
            " beach is in no map. A gauge that stands in the surf shows part of the rise, which then counts twice."
        )


def set_up_of(waves: StormWaves | None) -> float:
    """Mean rise of the water at the shore [m]; 0 without waves."""
    return 0.0 if waves is None else waves.set_up


def storm_waves(section: WavesSection, weather: xr.Dataset | None, region: Region) -> StormWaves:
    """The waves that a region file states, or those of the strongest wind of the record over its fetch.

    Args:
        weather: the modality, whose cell nearest to the sea point counts; ``None`` = not observed.

    Raises:
        InputError: a fetch without a wind.
    """
    if section.height is not None and section.period is not None:
        return StormWaves(section.height, section.period, section.beach_slope, "as the region file states")
    assert section.fetch is not None
    assert section.depth is not None
    wind = np.nan
    if weather is not None and {"wind_east", "wind_north"} <= set(weather.data_vars):
        longitude, latitude = region.sea_point_lonlat
        cell = weather.sel(longitude=longitude, latitude=latitude, method="nearest")
        speed = np.hypot(cell["wind_east"].values, cell["wind_north"].values)
        wind = float(np.nanmax(speed)) if np.isfinite(speed).any() else np.nan
    if np.isnan(wind):
        what = "has a fetch, and no wind was observed here"
        raise InputError(f"region '{region.name}' [waves]", what, "add [weather] with wind, or give height and period")
    height, period = wind_sea(wind, section.fetch, section.depth)
    origin = (
        f"raised by the strongest wind of the record ({wind:.0f} m/s) over {section.fetch / 1000:g} km of water"
        f" {section.depth:g} m deep"
    )
    return StormWaves(height, period, section.beach_slope, origin)


def wind_sea(wind: float, fetch: float, depth: float) -> tuple[float, float]:
    """Significant height [m] and peak period [s] of the waves of a steady wind over water of one depth.

    Args:
        wind: speed 10 m above the water [m s-1]; ``fetch``: length over which it blows [m]; ``depth``: [m].

    Source: Young and Verhagen (1996), Coastal Engineering 29, 47–78, eqs. 22–27.
    """
    speed = max(wind, 0.1)
    reach, deep = GRAVITY * fetch / speed**2, GRAVITY * depth / speed**2
    a1, b1 = np.tanh(0.493 * deep**0.75), 3.13e-3 * reach**0.57
    a2, b2 = np.tanh(0.331 * deep**1.01), 5.215e-4 * reach**0.73
    energy = 3.64e-3 * (a1 * np.tanh(b1 / a1)) ** 1.74
    frequency = 0.133 * (a2 * np.tanh(b2 / a2)) ** -0.37
    return float(4 * np.sqrt(energy) * speed**2 / GRAVITY), float(speed / (GRAVITY * frequency))
