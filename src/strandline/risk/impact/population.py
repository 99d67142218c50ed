"""People exposed to flood water and cut off by it, with bounds for everything unknown."""

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Floats
from strandline.risk.hazard.hazard import FLOODED_DEPTH
from strandline.risk.impact.access import is_cut_off, road_network
from strandline.risk.impact.loss_of_function import draw_function_thresholds
from strandline.risk.impact.totals import rows_by_district
from strandline.risk.stage_damage.asset_depths import exceeds_depth
from strandline.risk.stage_damage.damage_chain import DamageChain

REFUGES = ("hospital", "shelter")
Bounds = tuple[float, float, float]


@dataclass(frozen=True)
class HeadCount:
    """People, as p10, p50, p90 over the samples.

    Attributes:
        at_least: with every unknown taken as harmless.
        at_most: with every unknown taken as harmful.
    """

    at_least: Bounds
    at_most: Bounds


@dataclass(frozen=True)
class DistrictPopulation:
    """As ``PopulationImpact``, of one district; ``None`` = the survey does not name it."""

    district: str | None
    counted: float
    uncounted_assets: int
    exposed: HeadCount
    cut_off: Mapping[str, HeadCount]


@dataclass(frozen=True)
class PopulationImpact:
    """People in an event of the design return period; assets without a count of people are in none of the numbers.

    Attributes:
        counted: people of all assets with a count.
        uncounted_assets: homes without a count.
        exposed: in 0.15 m of water or more.
        cut_off: hospital or shelter → people without a road to one; absent where the survey has none, or no roads.
        districts: those with homes, in the order of their names, then homes of no stated district; empty where the
            survey names none.
    """

    counted: float
    uncounted_assets: int
    exposed: HeadCount
    cut_off: Mapping[str, HeadCount]
    districts: tuple[DistrictPopulation, ...] = ()


def assess_population(
    chain: DamageChain, assets: gpd.GeoDataFrame, design: int, rng: np.random.Generator
) -> PopulationImpact | None:
    """Exposed and cut-off people at the sea level with index ``design``; ``None`` where no count of people exists.

    Raises:
        InputError: a road that is not a line.
    """
    if "people" not in assets or assets["people"].isna().all():
        return None
    people = assets["people"].to_numpy(dtype=float)
    inhabited, names = np.flatnonzero(people > 0), assets["asset_class"].to_numpy()
    thresholds = draw_function_thresholds(assets, len(chain.deviates), rng)
    network = road_network(assets)
    point = assets.geometry.representative_point()
    node = network.nearest_node(point.x.to_numpy(), point.y.to_numpy())
    exposed = np.full((len(chain.deviates), inhabited.size), np.nan)  # (S, P)
    refuges = {name: np.flatnonzero(names == name) for name in REFUGES if (names == name).any()}
    cut_off = {name: np.full(exposed.shape, np.nan) for name in refuges if len(network.edges)}
    for number, (sample, threshold) in enumerate(zip(chain, thresholds, strict=True)):
        greatest, has_unknown_cell = sample.only(design).greatest_depth()
        lost = exceeds_depth(greatest, has_unknown_cell, threshold)[:, 0]
        at_home = exceeds_depth(greatest, has_unknown_cell, np.full(len(assets), FLOODED_DEPTH))
        exposed[number] = at_home[inhabited, 0]
        for name, result in cut_off.items():
            rows = refuges[name]
            result[number] = is_cut_off(network, lost[network.road], node[rows], lost[rows], node[inhabited])
    uncounted = np.isnan(people) & (names == "residential")

    def tally(chosen: npt.NDArray[np.bool_]) -> tuple[float, int, HeadCount, dict[str, HeadCount]]:
        here = chosen[inhabited]
        heads = people[inhabited][here]
        cut = {name: _head_count(result[:, here], heads) for name, result in cut_off.items()}
        return float(heads.sum()), int((uncounted & chosen).sum()), _head_count(exposed[:, here], heads), cut

    homes = uncounted | (people > 0)
    districts = tuple(
        DistrictPopulation(name, *tally(rows)) for name, rows in rows_by_district(assets) if (homes & rows).any()
    )
    return PopulationImpact(*tally(np.ones(len(assets), dtype=bool)), districts)


def _head_count(affected: Floats, people: Floats) -> HeadCount:
    """People (P,) over samples (S, P) that are 1 = affected, 0 = not, or NaN = unknown."""

    def quantiles(is_affected: npt.NDArray[np.bool_]) -> Bounds:
        p10, p50, p90 = np.quantile(is_affected @ people, (0.1, 0.5, 0.9))
        return float(p10), float(p50), float(p90)

    return HeadCount(quantiles(affected == 1), quantiles(affected != 0))
