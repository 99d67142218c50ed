"""People in the water and people cut off by it, with bounds for all that is unknown."""

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Floats
from strandline.observations.variables import DEPTH_EDGES
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.impact.access import is_cut_off, road_network
from strandline.risk.impact.loss_of_function import deepest_at_assets, draw_function_thresholds, exceeds_depth
from strandline.risk.impact.totals import rows_by_district
from strandline.risk.stage_damage.exposure import Exposure

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
    """People in an event of the design return period; assets whose people nobody counted are in none of the numbers.

    Attributes:
        counted: people of all assets that state them.
        uncounted_assets: homes that do not.
        exposed: in 0.15 m of water or more.
        cut_off: hospital or shelter → people whom no road leads there; absent where the survey has none, or no roads.
        districts: those with homes, in the order of their names, what is not stated last; empty where the survey names
            none.
    """

    counted: float
    uncounted_assets: int
    exposed: HeadCount
    cut_off: Mapping[str, HeadCount]
    districts: tuple[DistrictPopulation, ...] = ()


def assess_population(
    hazard: Hazard, assets: gpd.GeoDataFrame, exposure: Exposure, design: int, rng: np.random.Generator
) -> PopulationImpact | None:
    """Exposed and cut-off people at the return period with index ``design``; None where nobody counted people.

    Raises:
        InputError: a road that is not a line.
    """
    if "people" not in assets or assets["people"].isna().all():
        return None
    people = assets["people"].to_numpy(dtype=float)
    living, names = np.flatnonzero(people > 0), assets["asset_class"].to_numpy()
    thresholds = draw_function_thresholds(assets, len(hazard.flood_depth), rng)
    network = road_network(assets)
    point = assets.geometry.representative_point()
    node = network.nearest_node(point.x.to_numpy(), point.y.to_numpy())
    wet = np.full((len(hazard.flood_depth), living.size), np.nan)  # (S, P)
    refuges = {name: np.flatnonzero(names == name) for name in REFUGES if (names == name).any()}
    cut = {name: np.full(wet.shape, np.nan) for name in refuges if len(network.edges)}
    for sample, (depth, threshold) in enumerate(zip(hazard.flood_depth, thresholds, strict=True)):
        deepest, unknown = deepest_at_assets(depth[design : design + 1], exposure)
        lost = exceeds_depth(deepest, unknown, threshold)[:, 0]
        wet[sample] = exceeds_depth(deepest, unknown, np.full(len(assets), DEPTH_EDGES[0]))[living, 0]
        for name, answer in cut.items():
            rows = refuges[name]
            answer[sample] = is_cut_off(network, lost[network.road], node[rows], lost[rows], node[living])
    uncounted = np.isnan(people) & (names == "residential")

    def tally(chosen: npt.NDArray[np.bool_]) -> tuple[float, int, HeadCount, dict[str, HeadCount]]:
        here = chosen[living]
        heads = people[living][here]
        cut_off = {name: _head_count(answer[:, here], heads) for name, answer in cut.items()}
        return float(heads.sum()), int((uncounted & chosen).sum()), _head_count(wet[:, here], heads), cut_off

    homes = uncounted | (people > 0)
    districts = tuple(
        DistrictPopulation(name, *tally(rows)) for name, rows in rows_by_district(assets) if (homes & rows).any()
    )
    return PopulationImpact(*tally(np.ones(len(assets), dtype=bool)), districts)


def _head_count(happens: Floats, people: Floats) -> HeadCount:
    """Of answers (S, P) that are 1, 0 or unknown."""

    def spread(happened: npt.NDArray[np.bool_]) -> Bounds:
        p10, p50, p90 = np.quantile(happened @ people, (0.1, 0.5, 0.9))
        return float(p10), float(p50), float(p90)

    return HeadCount(spread(happens == 1), spread(happens != 0))
