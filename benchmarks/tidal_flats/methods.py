"""Methods: how wet each cell is at a level, from earlier scenes with their levels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from benchmarks.tidal_flats.levels import Levels
from benchmarks.tidal_flats.scenes import Flat
from strandline.distillation.waterlines.archive_streams import attach_whole_archive
from strandline.distillation.waterlines.effective_elevation import RESPONSE
from strandline.distillation.waterlines.flood_archive import FloodArchive, elevation_posterior, flood_probability
from strandline.distillation.waterlines.peak_levels import MEDIAN_SURGE
from strandline.models.batch import FLOOD_CLASSES, Batch
from strandline.models.inference import predict
from strandline.models.weights.load_weights import load_students
from strandline.observations.arrays import Floats, Times
from strandline.observations.sea_level.scenes.water_scenes import ALWAYS, WaterScenes
from strandline.observations.sea_level.surge.forecast_window import CONTEXT_HOURS

NEAREST = 5
YEAR, SPRING_NEAP = 365.25, 14.765
"""[days] After which season, and spring and neap, come again."""
NEAR_SEASON, NEAR_MOON = 30.0, 2.0
"""[days] Standard deviations of the weights of similar days: some five scenes of a hundred count. A convention."""


@dataclass(frozen=True, eq=False)
class Scale:
    """Scores of a method, and above which of them a cell counts as wet.

    Attributes:
        even: where nothing is chosen: as likely wet as dry.
        cuts: (K,) among which the earlier scenes choose.
    """

    even: float
    cuts: Floats


SHARES = Scale(0.5, np.array([0.01, 0.02, *np.round(np.arange(0.05, 0.96, 0.05), 2), 0.98, 0.99]))
"""Of shares and probabilities [-]."""
HEIGHTS = Scale(0.0, np.round(np.arange(-0.5, 0.51, 0.05), 2))
"""Of a level above a threshold [m]."""


@dataclass(frozen=True, eq=False)
class Method:
    """A way to tell wet cells at a level.

    Attributes:
        score: (L, C) at the later levels, the wetter the higher.
        scale: of the scores.
    """

    score: Callable[[Flat, Levels], Floats]
    scale: Scale


def by_threshold(flat: Flat, levels: Levels) -> Floats:
    """(L, C) level above the one that parts each cell's wet from its dry scenes with the fewest errors [m]."""
    return np.asarray(levels.later[:, None] - thresholds_of(flat.water, levels.earlier))


def thresholds_of(water: WaterScenes, level: Floats) -> Floats:
    """(C,) [m above mean sea level]; the middle of those that err as rarely."""
    order = np.argsort(level, kind="stable")
    ascending = level[order]
    wet, dry = (np.nan_to_num(each[order]) for each in (water.wet, 1 - water.wet))  # (N, C)
    between = np.concatenate([ascending[:1] - 1.0, (ascending[1:] + ascending[:-1]) / 2, ascending[-1:] + 1.0])
    none = np.zeros((1, wet.shape[1]))
    errors = np.vstack([none, wet.cumsum(0)]) + dry.sum(0) - np.vstack([none, dry.cumsum(0)])  # (N + 1, C)
    least = errors == errors.min(axis=0)
    return np.asarray((between[:, None] * least).sum(0) / least.sum(0))


def by_climatology(flat: Flat, levels: Levels) -> Floats:
    """(L, C) share of the scenes that saw a cell and showed it wet, whatever the level."""
    often = np.nan_to_num(flat.water.frequency)
    return np.broadcast_to(often, (levels.later.size, often.size))


def by_nearest(flat: Flat, levels: Levels) -> Floats:
    """(L, C) share of wet among the ``NEAREST`` scenes whose level is nearest and that saw the cell."""
    found = []
    for level in levels.later:
        order = np.argsort(np.abs(levels.earlier - level), kind="stable")
        wet = flat.water.wet[order]
        rank = np.isfinite(wet).cumsum(axis=0)
        taken = np.isfinite(wet) & (rank <= NEAREST)
        found.append(np.where(taken, wet, 0.0).sum(0) / np.maximum(taken.sum(0), 1))
    return np.array(found)


def by_similar_days(flat: Flat, levels: Levels) -> Floats:
    """(L, C) share of wet among scenes of a similar day of the year and a similar age of the moon, whatever the level.

    A satellite that passes at one hour of the day sees nearly the whole tide as these two.
    """
    near_moon = closeness(levels.later_time, flat.water.time, SPRING_NEAP, NEAR_MOON)
    return share_of_wet(flat, closeness(levels.later_time, flat.water.time, YEAR, NEAR_SEASON) * near_moon)


def share_of_wet(flat: Flat, weight: Floats) -> Floats:
    """(L, C) share of the weights (L, N) of the scenes that saw a cell which showed it wet."""
    seen, wet = weight @ flat.water.seen, weight @ np.nan_to_num(flat.water.wet)
    return np.asarray(wet / np.maximum(seen, np.finfo(float).tiny))


def closeness(later: Times, earlier: Times, period: float, spread: float) -> Floats:
    """(L, N) weights by how far two days lie apart in a cycle of ``period`` days."""
    apart = (later[:, None] - earlier) / np.timedelta64(1, "D")
    apart = (apart + period / 2) % period - period / 2
    return np.asarray(np.exp(-0.5 * (apart / spread) ** 2))


def by_waterlines(flat: Flat, levels: Levels) -> Floats:
    """(L, C) probability of water by the shipped waterlines."""
    archive = archive_of(flat, levels)
    later = [torch.from_numpy(each).float() for each in (levels.later, levels.later_sd)]
    return flood_probability(archive, *later).numpy().reshape(levels.later.size, -1).astype(float)


def by_archive(flat: Flat, levels: Levels) -> Floats:
    """(L, C) probability of water by the shipped students, from waterlines and archive of the flat and a standing sea.

    They know no ground below mean sea level: levels count from the lowest of the scenes instead.
    """
    zero = float(min(levels.earlier.min(), levels.later.min()))
    lifted = replace(levels, earlier=levels.earlier - zero, later=levels.later - zero)
    archive = archive_of(flat, lifted)
    level = torch.from_numpy(lifted.later).float()
    count = level.numel()
    ground = archive.grid[elevation_posterior(archive, torch.ones(1, len(archive), dtype=torch.bool))[0].argmax(0)]
    permanent = np.nan_to_num(flat.water.frequency) > 1 - ALWAYS
    away = torch.from_numpy(flat.distance_to(permanent).reshape(flat.shape)).float()  # [km]
    sea = torch.from_numpy(permanent.reshape(flat.shape)).float()
    terrain = torch.stack([ground, ground, sea, away])
    batch = Batch(
        gauge=level[:, None, None].expand(-1, 1, CONTEXT_HOURS).clone(),
        gauge_seen=torch.ones(count, 1, CONTEXT_HOURS, dtype=torch.bool),
        tide=level[:, None].expand(-1, CONTEXT_HOURS).clone(),
        season=torch.zeros(count, 2),
        terrain=terrain.expand(count, *terrain.shape),
        terrain_seen=torch.ones(count, *flat.shape, dtype=torch.bool),
    )
    seen = attach_whole_archive(batch, replace(archive, seen=torch.ones_like(archive.seen)))
    dry = torch.stack([predict(each, seen).flood_logits.softmax(1)[:, 0] for each in load_students()]).mean(0)
    return (1 - dry).numpy().reshape(count, -1).astype(float)


def archive_of(flat: Flat, levels: Levels) -> FloodArchive:
    """The earlier scenes as the flood archive of a run: wet or dry, of a depth that nobody knows."""
    wet = torch.from_numpy(flat.water.wet).float().reshape(-1, 1, *flat.shape)
    seen = torch.isfinite(wet)
    shown = torch.where(seen, wet, torch.zeros_like(wet))
    classes = torch.cat([1 - shown, shown.expand(-1, FLOOD_CLASSES - 1, -1, -1) / (FLOOD_CLASSES - 1)], dim=1) * seen
    level, level_sd = (torch.from_numpy(each).float() for each in (levels.earlier, levels.earlier_sd))
    nothing = torch.zeros(flat.shape)
    return FloodArchive(
        classes, level, level_sd, nothing, torch.zeros(flat.shape, dtype=torch.bool), bound_margin=2 * level_sd,
        storm_level=level.max() + MEDIAN_SURGE,
    )  # fmt: skip


def heights_of(method: str, flat: Flat, levels: Levels) -> Floats | None:
    """(C,) heights of the ground by a method [m above mean sea level]; ``None`` = it gives none."""
    if method == "threshold":
        return thresholds_of(flat.water, levels.earlier)
    if method != "waterlines":
        return None
    archive = archive_of(flat, levels)
    posterior = elevation_posterior(archive, torch.ones(1, len(archive), dtype=torch.bool), RESPONSE)[0]
    return (posterior * archive.grid[:, None, None]).sum(0).numpy().ravel().astype(float)


METHODS: Mapping[str, Method] = {
    "threshold": Method(by_threshold, HEIGHTS),
    "climatology": Method(by_climatology, SHARES),
    "similar_days": Method(by_similar_days, SHARES),
    "nearest_5": Method(by_nearest, SHARES),
    "waterlines": Method(by_waterlines, SHARES),
    "archive": Method(by_archive, SHARES),
}
