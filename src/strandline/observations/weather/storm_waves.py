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
    """The waves of a place in storms, by the peak of the sea at the gauge.

    In the storm of the ``highest`` sea they are as stated. In others their height goes with the root of the peak above
    mean sea level, at one steepness, since a surge goes with the square of the wind and waves of a short fetch about
    with the wind: an assumption. They are so high in all hours of a storm: an upper bound.

    Attributes:
        height: significant, in deep water off the coast [m]; ``period``: of the peak [s].
        beach_slope: tangent of the shore where they break [-].
        mean_sea_level, highest: of the sea on average, and in the storm of these waves [m, region datum].
        origin: where height and period come from, for a sentence.
    """

    height: float
    period: float
    beach_slope: float
    mean_sea_level: float
    highest: float
    origin: str

    def __post_init__(self) -> None:
        if not self.highest > self.mean_sea_level:
            what = f"the highest sea of {self.highest:.2f} m is not above its mean of {self.mean_sea_level:.2f} m"
            raise InputError("waves", what, "check the gauge's datum and mean sea level")

    @property
    def set_up(self) -> float:
        """Mean rise of the water at the shore above still water, in the storm of the highest sea [m].

        Source: Stockdon et al. (2006), Coastal Engineering 53, 573–588, eq. 10; on dissipative beaches the part of the
        set-up in eq. 18.
        """
        length = GRAVITY * self.period**2 / (2 * np.pi)
        size = np.sqrt(self.height * length)
        if self.beach_slope < DISSIPATIVE * np.sqrt(self.height / length):
            return float(0.016 * size)
        return float(0.35 * self.beach_slope * size)

    def share(self, peak: Floats) -> Floats:
        """Height over that in the storm of the highest sea [-] in storms of some peaks [m, region datum]."""
        return np.sqrt(np.maximum(peak - self.mean_sea_level, 0.0) / (self.highest - self.mean_sea_level))

    def period_in(self, peak: Floats) -> Floats:
        """Tm−1,0 [s] in storms of some peaks [m, region datum]."""
        return np.asarray(self.period / PEAK_TO_SPECTRAL * np.sqrt(self.share(peak)))

    def height_in(self, peak: Floats, depth: Floats) -> Floats:
        """Significant height [m] in storms of some peaks [m, region datum] in water of a depth [m] at most."""
        return np.minimum(self.height * self.share(peak), HIGHEST_OVER_DEPTH * np.maximum(depth, 0.0))

    def at_gauge(self, level: Floats) -> Floats:
        """Peak at the gauge of storms whose sea at the shore peaks at a level [m, region datum]."""
        rise = np.maximum(level - self.mean_sea_level, 0.0)
        part = self.set_up / np.sqrt(self.highest - self.mean_sea_level)  # set-up = part · √(peak above the mean)
        root = (np.sqrt(part**2 + 4 * rise) - part) / 2
        return np.where(rise > 0, self.mean_sea_level + root**2, level)

    @property
    def sentence(self) -> str:
        """What simulated floods hold of waves."""
        return (
            f"Waves of {self.height:.1f} m and {self.period:.0f} s, {self.origin}, count in simulated floods: at the"
            f" highest sea of the record ({self.highest:.2f} m) they lift the sea at the shore by {self.set_up:.2f} m,"
            " at a lower one by less. This is an upper bound, above all in river mouths. Where breaches are simulated,"
            " waves are thrown over the lowest point of each embankment; they wear none down. How high single waves run"
            " up a beach is in no map. Where the gauge stands in the surf, the rise counts twice."
        )


def set_up_at(waves: StormWaves | None, peak: Floats) -> Floats:
    """Mean rise of the water at the shore [m] in storms of some peaks [m, region datum]; 0 without waves."""
    return np.zeros_like(peak) if waves is None else waves.set_up * waves.share(peak)


def storm_waves(section: WavesSection, gauge: xr.Dataset, weather: xr.Dataset | None, region: Region) -> StormWaves:
    """The waves that a region file states, or those of the strongest wind of the record over its fetch.

    Args:
        gauge: the modality, whose highest own reading is that of these waves.
        weather: the modality, whose cell nearest to the sea point counts; ``None`` = not observed.

    Raises:
        InputError: a fetch without a wind.
    """
    usable = np.where(gauge["quality"].values[0] == 0, gauge["water_level"].values[0], np.nan)
    sea = float(gauge["mean_sea_level"].values[0]), float(np.nanmax(usable))
    if section.height is not None and section.period is not None:
        return StormWaves(section.height, section.period, section.beach_slope, *sea, "as the region file states")
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
    return StormWaves(height, period, section.beach_slope, *sea, origin)


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
