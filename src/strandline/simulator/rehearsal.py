"""Storms that nobody has seen, rehearsed: design storms as a gauge would see them, and what physics makes of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from strandline.batch import CONTEXT_HOURS, DEPTH_EDGES, FLOOD_ISSUE, TIDE_HOURS, Batch, concatenate
from strandline.errors import InputError
from strandline.ground import ground_of
from strandline.observations import Observations
from strandline.simulator import inundation
from strandline.simulator.archive import terrain_of
from strandline.simulator.coast import HOURS_AFTER, HOURS_BEFORE
from strandline.simulator.sea import STORM_HOURS, STORM_PEAK_HOUR, design_storm
from strandline.tide_and_weather import TideAndWeather

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DesignStorms:
    """Storms of chosen peaks at a place, and how its own gauge would have seen them 12 h after.

    Attributes:
        level: (E, 120) the sea [m, region datum], hourly, the peak in hour 72.
        seen: the student's view of them: gauge, tide and season, without a ground.
    """

    level: Floats
    seen: Batch


class StormDesigner:
    """Draws design storms for one gauge; its tide of a year is prepared once.

    Args:
        sea: tide and weather of the gauge.
        mean_sea_level: about which its tide swings [m, region datum].
        start: of the year of tides that storms ride on.
    """

    def __init__(self, sea: TideAndWeather, mean_sea_level: float, start: np.datetime64) -> None:
        self.mean_sea_level = mean_sea_level
        self._year = start + np.arange(366 * 24).astype("timedelta64[h]")
        self._sea, self._tide = sea, sea.tide(self._year)

    def draw(self, peaks: Floats, rng: np.random.Generator, rise: float = 0.0) -> DesignStorms:
        """One tide and storm shape at each of E peaks [m, region datum].

        Args:
            rng: draws the tide and the shape.
            rise: of the mean sea level [m], on which tide and storms ride; contained in ``peaks``.
        """
        start = int(rng.integers(0, self._tide.size - STORM_HOURS))
        seed = int(rng.integers(2**31))
        tide_then, mean = self._tide[start : start + STORM_HOURS], self.mean_sea_level
        storms = [design_storm(tide_then, mean + rise, float(peak), np.random.default_rng(seed)) for peak in peaks]
        issue = STORM_PEAK_HOUR + int(FLOOD_ISSUE / np.timedelta64(1, "h"))
        first = issue - CONTEXT_HOURS + 1
        level = np.stack([storm.level for storm in storms])
        gauge = level[:, None, first : issue + 1] - mean
        tide = np.stack([storm.tide for storm in storms])[:, first : first + TIDE_HOURS]
        day = float((self._year[start] - self._year[start].astype("datetime64[Y]")) / np.timedelta64(365, "D"))
        season = torch.tensor([[np.sin(2 * np.pi * day), np.cos(2 * np.pi * day)]], dtype=torch.float32)
        count, hours = len(peaks), self._year[start + first : start + first + TIDE_HOURS]
        modes, weather = self._sea.tide_modes(hours[None]), self._sea.weather.astype(np.float32)
        seen = Batch(
            gauge=torch.from_numpy(gauge.astype(np.float32)),
            gauge_seen=torch.ones(gauge.shape, dtype=torch.bool),
            tide=torch.from_numpy(tide.astype(np.float32)),
            tide_modes=torch.from_numpy(modes).expand(count, -1, -1),
            weather=torch.from_numpy(weather).expand(count, -1),
            season=season.expand(count, -1),
        )
        return DesignStorms(level, seen)


def designer_of(observations: Observations, sea: TideAndWeather) -> StormDesigner:
    """Design storms of a place's own gauge, on the tides of its record's first year.

    Raises:
        InputError: without a tide gauge.
    """
    gauge = observations.tide_gauge
    if gauge is None:
        raise InputError("observations", "have no tide gauge", "design storms ride on its tide")
    return StormDesigner(sea, float(gauge["mean_sea_level"].values[0]), gauge["time"].values[0])


def rehearse(
    observations: Observations,
    designer: StormDesigner,
    peaks: Floats,
    bounds: tuple[Floats, Floats],
    rng: np.random.Generator,
    progress: Callable[[float], None] | None = None,
) -> Batch:
    """Design storms with the floods that physics gives them, as targets, on the ground as far as it is known.

    The ground is the elevation product between two bounds: where past floods show that a cell stayed dry at a higher
    sea, or was wet at a lower one, they are believed. A dry cell behind an embankment so becomes ground as high as the
    sea that it withstood: when that is overtopped the flood's extent is right and its depth too small.

    Args:
        peaks: (E,) of the storms [m, region datum].
        bounds: (H, W) lowest and highest effective elevation [m above mean sea level], infinite where nothing bounds.
        rng: draws tide and shape of each storm.
        progress: called now and then with the fraction done.

    Source: local-inertial shallow water, see ``inundation``.
    """
    storms = [designer.draw(peaks[i : i + 1], rng) for i in range(len(peaks))]
    terrain = terrain_of(observations, float(peaks.max()))
    lowest, highest = (bound + designer.mean_sea_level for bound in bounds)
    land = terrain.land
    bed = np.where(land, np.clip(terrain.bed, np.minimum(lowest, highest), highest), terrain.bed)
    span = slice(STORM_PEAK_HOUR - HOURS_BEFORE, STORM_PEAK_HOUR + HOURS_AFTER + 1)
    level = np.concatenate([storm.level for storm in storms])[:, span]
    flood = inundation.inundate(
        inundation.Basin(bed, terrain.roughness, terrain.cell_size, terrain.open_boundary),
        np.arange(level.shape[1], dtype=np.float64) * 3600.0,
        level,
        initial_level=level[:, 0],
        initially_dry=land,
        progress=progress,
    )
    depth = flood.max_depth
    known = ~np.isnan(depth)
    ground = ground_of(observations.region, observations.terrain, designer.mean_sea_level)
    batch = ground.under(concatenate([storm.seen for storm in storms]))
    assert batch.terrain_seen is not None
    return replace(
        batch,
        flood_class=torch.from_numpy(np.digitize(np.where(known, depth, 0.0), DEPTH_EDGES)),
        flood_valid=torch.from_numpy(known) & batch.terrain_seen,
    )
