"""Design storms on the ground as far as it is known: when the water arrives in each cell, and when it has left.

Flood maps say how deep the water gets, not when. The solver of the local-inertial equations does, on the elevation
product within the bounds that past floods set for it. Such ground is smooth and errs: it has no ditch, culvert or pump,
and of an embankment only what mapped floods have shown.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from strandline.distillation.training.loop import Progress
from strandline.observations.arrays import Floats, Indices, Mask
from strandline.observations.observations import Observations
from strandline.observations.weather.storm_waves import StormWaves, set_up_at
from strandline.risk.hazard.hazard import FLOODED_DEPTH
from strandline.risk.stage_damage.danger import DANGEROUS_DEPTH
from strandline.simulator.design_storms import StormDesigner
from strandline.simulator.hydrodynamics.basin import Basin
from strandline.simulator.hydrodynamics.forcing import Forcing
from strandline.simulator.hydrodynamics.inundation import inundate
from strandline.simulator.landscape.terrain import Terrain
from strandline.simulator.radar_archive import solver_terrain, within_bounds
from strandline.simulator.sea.sea import STORM_HOURS, STORM_PEAK_HOUR

SHAPES = 3
"""Tides and shapes of each storm: as many as a run has time for."""
BEFORE_HOURS, AFTER_HOURS = 18, STORM_HOURS - STORM_PEAK_HOUR - 1
"""Simulated hours before and after the peak: from the low water before the tide before, to the end of a design
storm."""
DEEPEST_WATER = 4.0
"""Below mean sea level [m], to which deeper water is raised: the time step grows by a quarter. In three simulated
storms no cell was reached more than 13 minutes later or earlier."""
TIDE_HOURS, TIDAL_PERIOD = 25, 12.42
"""Duration of the ordinary tide that is simulated, and period of its main constituent M2 [h]."""
KEPT_OUT = 0.05
"""Height [m] by which past floods must have raised a cell for something to keep the sea out of it."""


@dataclass(frozen=True, eq=False)
class KnownGround:
    """The ground of a place for the solver.

    Attributes:
        terrain: the elevation product, within the bounds that past floods set; NaN = unknown.
        sheltered: (H, W) land below a sea that it withstood: an embankment or a road keeps water out, and then in.
        waves: in storms, the past ones among them; ``None`` = none are known.
    """

    terrain: Terrain
    sheltered: Mask
    waves: StormWaves | None = None

    @classmethod
    def of(
        cls, observations: Observations, mean_sea_level: float, highest: float, bounds: tuple[Floats, Floats] | None
    ) -> Self | None:
        """The ground of a place; ``None`` where no cell connects it with the open sea.

        Args:
            mean_sea_level, highest: of the sea on average, and of the storms [m, region datum].
            bounds: (H, W) lowest and highest effective elevation [m above mean sea level]; ``None`` = no flood was
                mapped, or the maps mislead.
        """
        product, waves = solver_terrain(observations, highest), observations.waves
        if not product.open_boundary.any():
            return None
        if bounds is None:
            return cls(product, np.zeros(product.bed.shape, dtype=bool), waves)
        lowest, highest_ground = (bound + mean_sea_level for bound in bounds)
        terrain = within_bounds(
            product, lowest + set_up_at(waves, lowest), highest_ground + set_up_at(waves, highest_ground)
        )
        return cls(terrain, product.land & (terrain.bed > product.bed + KEPT_OUT), waves)

    def basin(self, mean_sea_level: float) -> Basin:
        """The domain of the solver; deep water is raised to ``DEEPEST_WATER``."""
        terrain = self.terrain
        bed = self.shallow(terrain.bed, terrain.land, mean_sea_level)
        return Basin(bed, terrain.roughness, terrain.cell_size, terrain.open_boundary)

    @staticmethod
    def shallow(bed: Floats, land: Mask, mean_sea_level: float) -> Floats:
        """(H, W) the ground with deep water raised to ``DEEPEST_WATER`` [m, region datum]."""
        return np.where(land, bed, np.maximum(bed, mean_sea_level - DEEPEST_WATER))

    def set_up_at(self, peak: Floats) -> Floats:
        """How much higher waves lift the sea at the shore in storms of some peaks at the gauge [m]."""
        return set_up_at(self.waves, peak)


@dataclass(frozen=True, eq=False)
class SimulatedFloods:
    """E storms; hours count from the peak of the sea at the gauge, negative = before it.

    Attributes:
        sea: (E, T) hourly level at the gauge [m, region datum], its peak in hour ``BEFORE_HOURS``.
        dangerous_from: (E, H, W) first moment in ``DANGEROUS_DEPTH`` or more [h]; infinite = never, NaN = unknown.
        wet_from: (E, H, W) beginning of the first hour at whose end ``FLOODED_DEPTH`` or more stands [h]; likewise.
        wet_until: (E, H, W) end of the hour after the last such one [h]; minus infinity = dry, infinite = not within
            the simulation, NaN = unknown.
        ordinary: (H, W) land that a tide at mean high water wets.
    """

    sea: Floats
    dangerous_from: Floats
    wet_from: Floats
    wet_until: Floats
    ordinary: Mask


def simulate_floods(
    ground: KnownGround,
    designer: StormDesigner,
    peaks: Floats,
    mean_high_water: float,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> SimulatedFloods:
    """Simulate storms of each of P peaks [m, region datum], ``SHAPES`` of each; peaks vary fastest.

    Water in sheltered land that the sea has overtopped does not leave within the simulation: the solver has it as
    ground as high as the sea that it withstood, from which water runs off.

    Args:
        mean_high_water: of the tide alone [m, region datum].
        rng: draws tides and shapes.
    """
    sea, parts = [], []
    for shape in range(SHAPES):
        level = designer.draw(peaks, rng).level[:, STORM_PEAK_HOUR - BEFORE_HOURS :]
        sea.append(level)
        parts.append(time_floods(ground, designer.mean_sea_level, level))
        if progress is not None:
            progress((shape + 1) / SHAPES)
    dangerous_from, wet_from, wet_until = (np.concatenate(each) for each in zip(*parts, strict=True))
    ordinary = _wet_by_tide(ground, designer.mean_sea_level, mean_high_water)
    return SimulatedFloods(np.concatenate(sea), dangerous_from, wet_from, wet_until, ordinary)


def time_floods(ground: KnownGround, mean_sea_level: float, level: Floats) -> tuple[Floats, Floats, Floats]:
    """``dangerous_from``, ``wet_from`` and ``wet_until`` of storms with hourly levels (E, T) [m, region datum].

    Levels are those at the gauge; waves lift the sea at the shore above them. The water of all storms of one call is in
    memory at every hour.
    """
    hours = np.arange(level.shape[1], dtype=np.float64)
    sea = level + ground.set_up_at(level.max(axis=1))[:, None]
    flood = inundate(
        ground.basin(mean_sea_level),
        Forcing(hours * 3600.0, sea),
        initial_level=sea[:, 0],
        output_times=hours * 3600.0,
        initially_dry=ground.terrain.land,
        wet_depth=DANGEROUS_DEPTH,
    )
    assert flood.arrival is not None
    bed = ground.terrain.bed
    wet = flood.levels - bed >= FLOODED_DEPTH  # (E, T, H, W); unknown = not wet
    first, last = wet.argmax(axis=1), wet.shape[1] - 1 - wet[:, ::-1].argmax(axis=1)  # (E, H, W)
    is_wet, unknown = wet.any(axis=1), np.isnan(bed)
    stays = (last == wet.shape[1] - 1) | ground.sheltered
    wet_from = np.where(is_wet, _from_peak(np.maximum(first - 1, 0)), np.inf)
    wet_until = np.where(is_wet, np.where(stays, np.inf, _from_peak(last + 1)), -np.inf)
    return (
        np.where(unknown, np.nan, flood.arrival / 3600.0 - BEFORE_HOURS),
        np.where(unknown, np.nan, wet_from),
        np.where(unknown, np.nan, wet_until),
    )


def _from_peak(hour: Indices) -> Floats:
    return hour.astype(np.float64) - BEFORE_HOURS


def _wet_by_tide(ground: KnownGround, mean_sea_level: float, mean_high_water: float) -> Mask:
    """(H, W) land that ordinary high waters wet: a storm's water cannot be separated from theirs."""
    hours = np.arange(TIDE_HOURS + 1, dtype=np.float64)
    tide = -np.cos(2 * np.pi * hours / TIDAL_PERIOD)
    level = (mean_sea_level + (mean_high_water - mean_sea_level) * tide)[None]
    land = ground.terrain.land
    flood = inundate(
        ground.basin(mean_sea_level), Forcing(hours * 3600.0, level), initial_level=level[:, 0], initially_dry=land
    )
    return np.asarray(land & (flood.max_depth[0] >= FLOODED_DEPTH))
