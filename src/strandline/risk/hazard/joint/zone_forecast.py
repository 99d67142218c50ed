"""How likely all drivers together flood and endanger zones in the next days, by the maps of their combinations."""

from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats, Indices, Mask
from strandline.risk.hazard.joint.zone_floods import ZoneFloods
from strandline.uncertainty.gauge_forecast.land_forecast import PAST, LandForecast

NAMED_SHARE = 0.25
"""Part of a chance that a driver has to bring to be named [-]; an assumption."""
_SEED = 56


@dataclass(frozen=True, eq=False)
class ZoneForecast:
    """What each of N equally likely courses of all drivers does in the zones.

    Attributes:
        floods: maps of the combinations.
        sample: (N,) of the maps that each course is read from.
        values: (N, T, D) highest of each driver in the ``PAST`` hours up to each of T hours from the issue on, in its
            unit; NaN = not known.
        unknown: driver → why its floods cannot be seen coming, as a part of a sentence.
    """

    floods: ZoneFloods
    sample: Indices
    values: Floats
    unknown: dict[str, str]

    def dangerous(self, zones: Indices, without: str | None = None) -> Mask:
        """(N, T) whether people are in danger in any of some zones.

        Args:
            without: a driver that is left at its lowest value; ``None`` = all count.
        """
        table = np.asarray(self.floods.dangerous[zones].any(axis=0))  # (S, G)
        return np.asarray(table[self.sample[:, None], self._nodes(without)])

    def in_danger(self) -> Mask:
        """(N, Z) whether people are in danger in each zone at any hour."""
        table = np.moveaxis(self.floods.dangerous, 0, 2)  # (S, G, Z)
        return np.asarray(table[self.sample[:, None], self._nodes(None)].any(axis=1))

    def greatest_share(self, until: int) -> Floats:
        """(N, Z) greatest flooded share of each zone up to an hour after the issue [-]; NaN = no land is known."""
        table = np.moveaxis(self.floods.flooded_share, 0, 2)  # (S, G, Z)
        return np.asarray(table[self.sample[:, None], self._nodes(None)[:, : until + 1]].max(axis=1))

    def brought_by(self, zones: Indices, by_sea: Mask) -> tuple[str, ...]:
        """The drivers that bring the danger to some zones within the forecast: without each it is less likely.

        Where it is likely without any one of them, all are named.

        Args:
            by_sea: (N, T) whether the sea alone endangers them, by the maps of the sea.
        """
        whole = float((self.dangerous(zones) | by_sea).any(axis=1).mean())
        named = []
        for driver in self.floods.drivers:
            left = self.dangerous(zones, driver)
            left = left if driver == self.floods.drivers[0] else left | by_sea
            if whole - float(left.any(axis=1).mean()) >= NAMED_SHARE * whole > 0:
                named.append(driver)
        return tuple(named) or self.floods.drivers

    def _nodes(self, without: str | None) -> Indices:
        values = self.values
        if without is not None:
            values = values.copy()
            values[..., self.floods.drivers.index(without)] = np.nan
        return self.floods.node(values, self.sample)


def forecast_zones(floods: ZoneFloods, levels: Floats, land: LandForecast) -> ZoneForecast:
    """Join courses of the sea, of rain and of rivers, which err independently of each other: an assumption.

    Drivers count together where their peaks lie within ``PAST`` hours, as in the events that the maps were made for;
    the flood comes with the last of them, which is early. A driver that is not known counts as at its lowest: what is
    found is then a lower bound.

    Args:
        levels: (N, T) sea level [m, region datum], hourly from the issue on; T hours of the land's forecast are there.
    """
    count, hours = levels.shape
    rng = np.random.default_rng(_SEED)
    order = {"sea": levels, "rain": land.rain, "river": land.river}
    values = np.full((count, hours, len(floods.drivers)), np.nan)
    for number, driver in enumerate(floods.drivers):
        courses = order[driver]
        if courses is None:
            continue
        if driver == "sea":
            course = np.concatenate([np.repeat(courses[:, :1], PAST, axis=1), courses], axis=1)
        else:
            course = courses[rng.permutation(np.arange(count) % len(courses)), : PAST + hours]
        windows = np.lib.stride_tricks.sliding_window_view(course, PAST + 1, axis=1)
        values[..., number] = windows.max(axis=2)
    sample = rng.permutation(np.arange(count) % floods.samples)
    return ZoneForecast(floods, sample, values, dict(land.unknown))
