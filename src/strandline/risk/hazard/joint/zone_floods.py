"""What combinations of the drivers do in the zones of a place: how much land floods, and where people are in danger."""

from dataclasses import dataclass
from typing import Self

import geopandas as gpd
import numpy as np
import xarray as xr

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices, Mask, SingleFloats
from strandline.observations.region import Region
from strandline.risk.hazard.hazard import FLOODED_DEPTH
from strandline.risk.hazard.joint.driver_nodes import DriverNodes
from strandline.risk.people import Homes
from strandline.risk.stage_damage.asset_depths import greatest_depth
from strandline.risk.stage_damage.danger import DANGEROUS_DEPTH, LandAndHomes
from strandline.risk.stage_damage.exposure import Exposure, overlay_exposure
from strandline.risk.stage_damage.zones import NOWHERE, Zones


@dataclass(frozen=True, eq=False)
class ZoneFloods:
    """Floods of the zones at every combination of some values of the drivers, in S samples of maps.

    Attributes:
        drivers: D names, the sea first.
        values: (S, D, K) values of each driver, ascending [its unit].
        from_next: (S, D) part of the way between two values [-] from which a value counts as the upper one.
        flooded_share: (Z, S, G) of a zone's known land under ``FLOODED_DEPTH`` or more [-], G = K to the power D, the
            last driver fastest; NaN = none of its land is known.
        dangerous: (Z, S, G) whether the zone is dangerous to people, by the rule for the sea
            (`strandline.risk.stage_damage.danger`).
        danger_a_year: (Z,) chance of a year in which it is, by all drivers together [a-1].
        danger_by_sea: (Z,) the same with the other drivers as they usually are [a-1].
    """

    drivers: tuple[str, ...]
    values: Floats
    from_next: Floats
    flooded_share: SingleFloats
    dangerous: Mask
    danger_a_year: Floats
    danger_by_sea: Floats

    def __post_init__(self) -> None:
        samples, drivers, count = self.values.shape
        expected = (self.danger_a_year.size, samples, count**drivers)
        if drivers != len(self.drivers) or self.from_next.shape != (samples, drivers):
            raise InputError("floods of zones", "its drivers do not match", "give values for each driver and sample")
        if self.flooded_share.shape != expected or self.dangerous.shape != expected:
            what = f"are {self.flooded_share.shape} and {self.dangerous.shape}"
            raise InputError("floods of zones", what, f"need (Z, S, G) = {expected}")
        if not (np.diff(self.values, axis=2) > 0).all():
            raise InputError("floods of zones", "values of a driver do not ascend", "sort them")

    @property
    def samples(self) -> int:
        """S."""
        return len(self.values)

    def node(self, values: Floats, sample: Indices) -> Indices:
        """(N, …) number of the combination that values of the drivers count as, each in its sample.

        Args:
            values: (N, …, D) in the drivers' units; NaN = not known, which counts as the lowest value: a lower bound.
            sample: (N,) of the maps.
        """
        count = self.values.shape[2]
        found = np.zeros(values.shape[:-1], dtype=np.int64)
        for number in range(self.samples):
            rows = sample == number
            for driver, nodes in enumerate(self.values[number]):
                part = np.where(np.isnan(values[rows, ..., driver]), -np.inf, values[rows, ..., driver])
                position = np.interp(part, nodes, np.arange(count))
                upper = np.floor(position + 1 - self.from_next[number, driver]).astype(np.int64)
                found[rows] = found[rows] * count + upper.clip(0, count - 1)
        return found


@dataclass(frozen=True, eq=False)
class ZoneGround:
    """Land and homes of the zones.

    Attributes:
        parts: known cells and counted homes, zone by zone.
        homes: where people live, and where that is on the map; ``None`` = nobody counted them.
    """

    parts: LandAndHomes
    homes: tuple[Homes, Exposure] | None

    @classmethod
    def of(
        cls, zones: Zones, known: Mask, assets: gpd.GeoDataFrame, people: xr.DataArray | None, region: Region
    ) -> Self:
        """Of zones on land of which some is known (H, W), and of the survey or else a map that counts people.

        A map places people too roughly to tell whether a zone is dangerous: there its land alone does.
        """
        homes = Homes.of(assets, people)
        counted = np.full(len(assets), np.nan)
        if homes is not None and homes.counted_by == "survey":
            counted = assets["people"].to_numpy(dtype=float)
        land = np.where(known, zones.of_cell, NOWHERE).ravel()
        parts = LandAndHomes.of(land, zones.of_asset, counted, len(zones))
        return cls(parts, None if homes is None else (homes, overlay_exposure(homes.places, region)))

    def flooded_share(self, depth: SingleFloats) -> SingleFloats:
        """(Z, G) of the known land of each zone at depths (G, H, W) [m]; NaN = none is known."""
        flat = depth.reshape(len(depth), -1)
        found = np.full((len(self.parts.cells), len(depth)), np.nan, dtype=np.float32)
        for zone, cells in enumerate(self.parts.cells):
            if cells.size:
                found[zone] = (flat[:, cells] >= FLOODED_DEPTH).mean(axis=1)
        return found

    def dangerous(self, depth: SingleFloats, nodes: DriverNodes) -> Mask:
        """(Z, G) whether depths (G, H, W) [m] endanger people in each zone.

        Nobody is endangered by what comes in nearly every year: else nobody would live there, as for the sea of once a
        year.
        """
        at_homes = np.zeros((0, len(depth)))
        if self.homes is not None and self.homes[0].counted_by == "survey":
            at_homes = greatest_depth(depth, self.homes[1])[0]
        found = self.parts.depth_of_danger(depth, at_homes) >= DANGEROUS_DEPTH
        return np.asarray(found & ~nodes.calm)


def padded(nodes: DriverNodes, size: int) -> tuple[Floats, Indices]:
    """(D, K) values of each driver, the last one repeated a hair higher, and (K ** D,) which combination each is."""
    values = np.empty((len(nodes.values), size))
    for driver, each in enumerate(nodes.values):
        values[driver, : each.size] = each
        for extra in range(each.size, size):
            values[driver, extra] = np.nextafter(values[driver, extra - 1], np.inf)
    parts = [np.minimum(np.arange(size), count - 1) for count in nodes.shape]
    return values, np.ravel_multi_index(np.meshgrid(*parts, indexing="ij"), nodes.shape).ravel()
