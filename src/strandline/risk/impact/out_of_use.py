"""Ground, roads and shelters that floods of all drivers together put out of use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np

from strandline.observations.arrays import Floats, Mask, SingleFloats
from strandline.observations.region import Region
from strandline.risk.hazard.joint.driver_nodes import share_of_years
from strandline.risk.impact.access import is_cut_off, road_network
from strandline.risk.impact.lives.water_at_places import points_of
from strandline.risk.impact.population import PopulationImpact, count_people, refuges_of
from strandline.risk.impact.ways_out import SURE
from strandline.risk.people import Homes, People, PeopleErrors
from strandline.risk.stage_damage.asset_depths import exceeds_depth, greatest_depth
from strandline.risk.stage_damage.danger import DANGEROUS_DEPTH
from strandline.risk.stage_damage.exposure import Exposure


@dataclass(frozen=True, eq=False)
class OutOfUse:
    """What floods of all drivers put out of use more often than once in T years, in S samples of maps.

    Attributes:
        return_period: T [years].
        unsafe_share: (H, W) share of the samples in which ground is in dangerous depth more often than that [-]; NaN =
            unknown ground.
        lost: (S, A) whether an asset is out of service more often than that: 1, 0, or NaN = unknown, or its class
            serves nobody; ``None`` = no survey.
        per_year: (A,) mean chance of a year in which it is [a-1]; NaN as above; ``None`` = no survey.
        lost_by_land: (S, A) as ``lost``, by rain and rivers with the sea as it usually is.
    """

    return_period: float
    unsafe_share: SingleFloats
    lost: SingleFloats | None
    per_year: SingleFloats | None
    lost_by_land: SingleFloats | None

    @property
    def may_be_closed(self) -> Mask | None:
        """(A,) roads on which nobody should count to get out: rain or rivers close them in more than 1 - ``SURE`` of
        the samples, when the sea need not be high; ``None`` = no survey. Unknown ones are not among them."""
        return None if self.lost_by_land is None else np.asarray(self.lost_by_land.mean(axis=0) > 1 - SURE)

    def assets_with(self, assets: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Assets of the impact whose ``out_of_service`` holds the floods of all drivers as well as those of the sea.

        Each chance is the greater of that by the sea and that by all drivers; unknown where one of them is.
        """
        if self.lost is None or self.per_year is None or "out_of_service" not in assets:
            return assets
        found = assets.copy()
        for name, by_all in (("out_of_service", self.lost.mean(axis=0)), ("out_of_service_per_year", self.per_year)):
            found[name] = np.maximum(found[name].to_numpy(dtype=float), by_all.astype(float))
        return found

    def cut_off(
        self, assets: gpd.GeoDataFrame, homes: Homes, by_sea: PopulationImpact, errors: PeopleErrors
    ) -> Mapping[str, People]:
        """Hospital or shelter → people without a road to a working one: at least and at most those by the sea.

        At most: every road and refuge that is out of use more often than once in T years is taken to be so at once.
        """
        if self.lost is None or not by_sea.cut_off:
            return {}
        network, rows = road_network(assets), np.flatnonzero(homes.high > 0)
        node, home = (network.nearest_node(*points_of(each)) for each in (assets, homes.places.iloc[rows]))
        found = {}
        for name, refuges in refuges_of(assets).items():
            cut_off = np.stack(
                [is_cut_off(network, lost[network.road], node[refuges], lost[refuges], home) for lost in self.lost]
            )
            at_most = count_people(cut_off, homes, rows, errors.count_factor)
            sea = by_sea.cut_off[name]
            found[name] = People(sea.low, sea.likely, max(sea.high, at_most.high))
        return found


@dataclass(frozen=True, eq=False)
class UseOfGround:
    """Land and assets on the maps of combinations of the drivers.

    Attributes:
        exposure: of the A assets; ``thresholds``: (S, A) depth from which each is out of service [m], NaN = never.
            ``None`` = no survey.
    """

    exposure: Exposure | None
    thresholds: Floats | None

    def in_danger(self, depth: SingleFloats, reached: Mask) -> Floats:
        """(H·W,) chance of dangerous depth on the ground in a year [a-1]; NaN = unknown.

        Args:
            depth: (G, H, W) at the combinations [m]; NaN = unknown.
            reached: (Y, G) combinations that each year reaches.
        """
        flat = depth.reshape(len(depth), -1)
        chance = share_of_years(reached, flat >= DANGEROUS_DEPTH)
        return np.where(np.isnan(flat).any(axis=0), np.nan, chance)

    def lost(self, depth: SingleFloats, reached: Sequence[Mask], sample: int) -> Floats | None:
        """(R, A) chance in a year that an asset is out of service [a-1], for each kind of years; ``None`` = no survey.

        Args:
            depth, reached: as in ``in_danger``.
            sample: number of the sample, which chooses its thresholds.
        """
        if self.exposure is None or self.thresholds is None:
            return None
        lost = exceeds_depth(*greatest_depth(depth, self.exposure), self.thresholds[sample])  # (A, G)
        chance = np.stack([share_of_years(each, (lost == 1).T) for each in reached])
        return np.where(np.isnan(lost).any(axis=1), np.nan, chance)


def out_of_use(
    return_period: float, region: Region, ground: Sequence[Floats], assets: Sequence[Floats | None]
) -> OutOfUse:
    """From each sample's chances on the ground (H·W,), and of assets (2, A) by all drivers and without a high sea."""
    unsafe = np.mean([_more_often(each, return_period) for each in ground], axis=0).reshape(region.shape)
    known = [each for each in assets if each is not None]
    if not known:
        return OutOfUse(return_period, unsafe.astype(np.float32), None, None, None)
    chance = np.stack(known, axis=1)  # (2, S, A)
    by_all, by_land = _more_often(chance, return_period).astype(np.float32)
    return OutOfUse(
        return_period, unsafe.astype(np.float32), by_all, chance[0].mean(axis=0).astype(np.float32), by_land
    )


def _more_often(chance: Floats, return_period: float) -> Floats:
    """1 where a chance in a year [a-1] is above once in T years, 0 where not, NaN where it is unknown."""
    return np.where(np.isnan(chance), np.nan, (chance > 1 / return_period).astype(float))
