"""Synthetic storms with chosen peaks, and the gauge readings that precede them."""

from dataclasses import dataclass

import numpy as np
import torch

from strandline.models.batch import FLOOD_ISSUE, Batch
from strandline.observations.arrays import Floats
from strandline.observations.observations import Observations
from strandline.observations.sea_level.surge.forecast_window import CONTEXT_HOURS
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.simulator.sea.sea import STORM_HOURS, STORM_PEAK_HOUR, design_storm


@dataclass(frozen=True, eq=False)
class DesignStorms:
    """Storms with chosen peaks, and the inputs of a flood map 12 h after the peak.

    Attributes:
        level: (E, 120) hourly water level [m, region datum] with its peak in hour 72.
        seen: the student's inputs: gauge, tide and season, without terrain.
    """

    level: Floats
    seen: Batch


class StormDesigner:
    """Draws design storms for one gauge, on the tides of one year.

    Args:
        mean_sea_level: of the gauge [m, region datum].
        start: of the year of tides.
    """

    def __init__(self, sea_level: SeaLevelModel, mean_sea_level: float, start: np.datetime64) -> None:
        self.mean_sea_level = mean_sea_level
        self._year = start + np.arange(366 * 24).astype("timedelta64[h]")
        self._tide = sea_level.tide(self._year)

    def draw(self, peaks: Floats, rng: np.random.Generator, rise: float = 0.0) -> DesignStorms:
        """Storms with E peaks [m, region datum], all with the same tide and shape.

        Args:
            rng: draws tide and shape.
            rise: of mean sea level [m]; included in ``peaks``.
        """
        start = int(rng.integers(0, self._tide.size - STORM_HOURS))
        seed = int(rng.integers(2**31))
        tide_then, mean = self._tide[start : start + STORM_HOURS], self.mean_sea_level
        storms = [design_storm(tide_then, mean + rise, float(peak), np.random.default_rng(seed)) for peak in peaks]
        issue = STORM_PEAK_HOUR + int(FLOOD_ISSUE / np.timedelta64(1, "h"))
        first = issue - CONTEXT_HOURS + 1
        level = np.stack([storm.level for storm in storms])
        gauge = level[:, None, first : issue + 1] - mean
        tide = np.stack([storm.tide for storm in storms])[:, first : issue + 1]
        day = float((self._year[start] - self._year[start].astype("datetime64[Y]")) / np.timedelta64(365, "D"))
        season = torch.tensor([[np.sin(2 * np.pi * day), np.cos(2 * np.pi * day)]], dtype=torch.float32)
        seen = Batch(
            gauge=torch.from_numpy(gauge.astype(np.float32)),
            gauge_seen=torch.ones(gauge.shape, dtype=torch.bool),
            tide=torch.from_numpy(tide.astype(np.float32)),
            season=season.expand(len(peaks), -1),
        )
        return DesignStorms(level, seen)


def storm_designer(observations: Observations, sea_level: SeaLevelModel) -> StormDesigner:
    """Designer of storms for the own gauge, on the tides of the first year of its record.

    Raises:
        InputError: without a tide gauge.
    """
    gauge = observations.require_gauge()
    return StormDesigner(sea_level, float(gauge["mean_sea_level"].values[0]), gauge["time"].values[0])
