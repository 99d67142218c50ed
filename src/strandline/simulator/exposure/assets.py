"""True assets, an outdated survey of them, and their damage in floods."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Floats
from strandline.observations.exposure.assets import DAMAGE_STATE_EDGES
from strandline.observations.exposure.damage_curves import DEPTHS, curve
from strandline.observations.region import Region
from strandline.simulator.landscape.terrain import Terrain
from strandline.simulator.sensors.gauges import SensorQuality

_CURVE_DECIMALS = 2
"""Decimals of the Asian mean curves on the coasts from which the shipped weights were pretrained."""
_DAMAGE_SPREAD = 0.10
"""Standard deviation of an asset's damage ratio in one storm about the mean curve [-]."""
_VALUES = {
    "residential": (310.0, 1200.0, 6000.0),
    "commercial": (361.0, 200.0, 1500.0),
    "industrial": (266.0, 500.0, 4000.0),
    "agriculture": (0.08, 10_000.0, 22_500.0),
    "infrastructure": (361.0, 100.0, 1000.0),
    "transport": (60.0, 500.0, 1500.0),
}
"""EUR 2010 per m² and least and greatest area [m²] of one entry of a survey (a hamlet, a market, a mill, a field, …).

Construction costs are Bangladesh's in Huizinga et al. (2017), annex; fields and roads are orders of magnitude.
"""


@dataclass(frozen=True, eq=False)
class Exposure:
    """Assets of a simulated coast.

    Attributes:
        survey: GeoDataFrame with ``ASSET_COLUMNS``, with errors.
        row, column: (A,) true cell of each surveyed asset.
        exists: (A,) False for assets that no longer exist.
        unknown: number of assets missing in the survey.
    """

    survey: gpd.GeoDataFrame
    row: npt.NDArray[np.int64]
    column: npt.NDArray[np.int64]
    exists: npt.NDArray[np.bool_]
    unknown: int


def draw_exposure(
    terrain: Terrain, region: Region, survey_year: int, quality: SensorQuality, rng: np.random.Generator
) -> Exposure:
    """Draw assets in settlements, on fields and roads, and an outdated survey of them.

    Args:
        survey_year: latest year of the survey; parts are up to six years older.
    """
    built = np.argwhere((terrain.settlement > 0.15) & terrain.land)
    fields = np.argwhere(terrain.land & ~terrain.polders.embankment & (terrain.settlement <= 0.15))
    roads = np.argwhere(terrain.road & terrain.land)
    cells, classes = [], []
    village = ("residential", "commercial", "industrial", "infrastructure")
    count = max(24, int(terrain.land.sum()) // 20)
    for kind, candidates, share in (("built", built, 0.6), ("agriculture", fields, 0.28), ("transport", roads, 0.12)):
        if not len(candidates):
            continue
        for index in rng.choice(len(candidates), size=round(share * count)):
            cells.append(candidates[index])
            classes.append(str(rng.choice(village, p=(0.66, 0.18, 0.08, 0.08))) if kind == "built" else kind)
    cell = np.array(cells, dtype=np.int64)
    total = len(cell)
    known = rng.random(total) >= quality.asset_missing
    exists = rng.random(total) >= quality.asset_gone
    within = rng.uniform(0.1, 0.9, size=(total, 2)) * region.cell_size
    x = region.bounds[0] + cell[:, 1] * region.cell_size + within[:, 1]
    y = region.bounds[3] - cell[:, 0] * region.cell_size - within[:, 0]
    shift = quality.asset_shift * rng.standard_normal((total, 2))
    x = np.clip(x + shift[:, 0], region.bounds[0] + 1.0, region.bounds[2] - 1.0)
    y = np.clip(y + shift[:, 1], region.bounds[1] + 1.0, region.bounds[3] - 1.0)
    price = np.array([_VALUES[name] for name in classes])
    area = np.exp(rng.uniform(np.log(price[:, 1]), np.log(price[:, 2])))
    value = np.round(price[:, 0] * area * rng.lognormal(0.0, 0.2, size=total), -1)
    survey = gpd.GeoDataFrame(
        {
            "asset_id": [f"A{number:04d}" for number in range(total)],
            "asset_class": classes,
            "value": value,
            "survey_year": survey_year - rng.integers(0, 7, size=total),
        },
        geometry=gpd.points_from_xy(x, y),
        crs=region.crs,
    )
    return Exposure(
        survey[known].reset_index(drop=True),
        cell[known, 0],
        cell[known, 1],
        exists[known],
        int((~known).sum()),
    )


def damage_states(exposure: Exposure, max_depth: Floats, rng: np.random.Generator) -> Floats:
    """True damage state 0–4 of each surveyed asset in each storm (E, A); NaN where it no longer exists.

    The ratio follows the curve of the class; the scatter is zero at depth zero, so that a dry asset is never damaged.
    Edges of the states: ``DAMAGE_STATE_EDGES``.
    """
    depth = max_depth[:, exposure.row, exposure.column]
    ratio = np.empty_like(depth)
    for index, name in enumerate(exposure.survey["asset_class"]):
        ratio[:, index] = np.interp(depth[:, index], DEPTHS, np.round(curve(name, "asia")[0], _CURVE_DECIMALS))
    scatter = _DAMAGE_SPREAD * np.minimum(ratio / 0.2, 1.0) * rng.standard_normal(ratio.shape)
    state = np.digitize(np.clip(ratio + scatter, 0.0, 1.0), DAMAGE_STATE_EDGES).astype(np.float64)
    return np.where(exposure.exists[None, :], state, np.nan)
