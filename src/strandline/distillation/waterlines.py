"""Waterlines: effective ground elevation from the teacher's maps of past storms, each at a known sea level.

The waterline method bounds a cell's elevation by the sea levels at which it was seen dry and wet. Here it is
probabilistic: every cell has a posterior over its *effective elevation* h [m above mean sea level], the peak sea level
at which it begins to flood, which includes ground, embankments, connection and attenuation.

    p(h | archive) ∝ p(h) · Π_e Σ_k q_e(k) · P(k | l_e, h)
    P(class ≥ k | l, h) = Φ((l − h − c_k) / √(s² + σ_e²)),  mixed with a share ε of uninformative storms

with q_e(k) the teacher's probability of depth class k in storm e, l_e ± σ_e its peak level, c_k the height of the peak
above h for class k, and s the spread of a cell's response. The logarithms of the storms' factors add up, so that a
subset of storms is a sum.

Source: the waterline method, Mason et al. (1995), Geophysical Research Letters 22, 3187–3190; the ordinal likelihood is
the graded response model of Samejima (1969), Psychometrika Monograph 17.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from strandline.models.batch import FLOOD_CLASSES, Batch
from strandline.models.prediction import Prediction
from strandline.observations.sea_level.scenes.levels import GAUGE_SD, NEIGHBOUR_SD
from strandline.observations.sea_level.surge.forecast_window import CONTEXT_HOURS

LOWEST, HIGHEST, SPACING = 0.0, 7.05, 0.15
"""The grid of effective elevations [m above mean sea level]; the highest stands for ground that is never flooded. The
networks know no ground below ``LOWEST``, which every storm floods; scenes at a lower sea extend the grid to below them
(`FloodArchive.grid`), for the ground between the tides."""
BELOW = 0.6
"""By which such a grid reaches below the lowest scene [m]: three spreads of the response."""
EXTRAPOLATION_MARGIN = 0.5
"""Height above the highest mapped storm [m] from which physics augmentation is used: on simulated coasts the archive
alone is sufficient up to the highest storms, at the mouth of the Piave it failed 0.85 m above."""
BOUND_SPREADS = 2.0
"""Standard deviations by which the bounds of the ground keep away from the level of a radar scene: at a level that is
read too high by more than that (1 in 44), a dry cell would be held for higher ground than it is."""
LARGEST_TENSOR = 2**23
"""Storms × thresholds × cells in memory at once."""


@dataclass(frozen=True)
class Response:
    """Response of a cell's depth class to the peak sea level.

    Attributes:
        offsets: (K − 1,) height of the peak above h from which depth class 1, 2, … is likelier than not [m].
        spread: standard deviation of the response [m].
        lapse: share of storms that hold no information on h: a breach elsewhere, or an error of the teacher.
    """

    offsets: tuple[float, ...]
    spread: float
    lapse: float


RESPONSE = Response(offsets=(0.0, 0.12, 0.35, 0.52), spread=0.2, lapse=0.02)
"""Maximum marginal likelihood of the true maps of 112 pre-training coasts; water behind a broken embankment rises fast,
so that the classes lie closer together than their depths."""


@dataclass(frozen=True)
class Prior:
    """Prior of h: a mixture of normal distributions.

    Attributes:
        bias, spread: of h − elevation product, for unprotected ground [m].
        above, crests: mean and standard deviation of h − mean peak level of the archive, for ground behind embankments,
            which were built against such storms [m].
        protected: share of the latter; ``vague``: share of a uniform distribution.
    """

    bias: float
    spread: float
    above: float
    crests: float
    protected: float
    vague: float


PRIOR = Prior(bias=2.1, spread=0.8, above=0.5, crests=0.4, protected=0.85, vague=0.02)
"""Fitted together with ``RESPONSE``."""


@dataclass(frozen=True, eq=False)
class FloodArchive:
    """The teacher's maps of E past storms of one study area.

    Attributes:
        class_probability: (E, K, H, W) class probabilities; all 0 in a cell that was not mapped.
        level, level_sd: (E,) peak sea level [m above mean sea level] and its standard deviation.
        elevation, seen: (H, W) the elevation product [m above mean sea level] and where it is known.
        physics_augmented: how many of the E, the last ones, are simulated higher storms instead of past ones.
        bound_margin: (E,) by how much the bounds of the ground keep away from each level [m]; ``None`` = not at all.
        storm_level: () mean peak of the storms against which embankments were built [m above mean sea level]; ``None``
            = that of the archive, where its maps are of storms.
    """

    class_probability: Tensor
    level: Tensor
    level_sd: Tensor
    elevation: Tensor
    seen: Tensor
    physics_augmented: int = 0
    bound_margin: Tensor | None = None
    storm_level: Tensor | None = None

    def __len__(self) -> int:
        return len(self.class_probability)

    @property
    def highest(self) -> float:
        """Peak of the highest storm that was mapped [m above mean sea level]."""
        return float(self.level[: len(self) - self.physics_augmented].max())

    @property
    def grid(self) -> Tensor:
        """(G,) values of h [m above mean sea level], from below the lowest level on."""
        lowest = float(self.level.min()) if len(self) else LOWEST
        return thresholds(LOWEST if lowest >= LOWEST else lowest - BELOW)

    @cached_property
    def waterlines(self) -> Tensor:
        """(2, 8, H, W) ``WATERLINE_CHANNELS`` of the past storms alone, and with the simulated ones."""
        used = torch.ones(2, len(self), dtype=torch.bool)
        used[0, len(self) - self.physics_augmented :] = False
        return compute_waterlines(self, used)

    def is_beyond(self, batch: Batch) -> Tensor:
        """(B,) whether a storm peaks so far above all mapped ones that physics augmentation is needed."""
        return peak_levels(batch)[0] > self.highest + EXTRAPOLATION_MARGIN


def thresholds(lowest: float = LOWEST) -> Tensor:
    """(G,) the grid of h [m above mean sea level], which begins at ``lowest`` or less."""
    below = max(math.ceil((LOWEST - lowest) / SPACING - 1e-6), 0)
    return torch.arange(LOWEST - below * SPACING, HIGHEST + SPACING / 2, SPACING)


def depth_class_probability(height: Tensor, level_sd: Tensor | float, response: Response) -> Tensor:
    """P(class | l − h), (…) → (…, K), of a peak ``height`` [m] above h, with standard deviation ``level_sd`` [m]."""
    spread = torch.sqrt(torch.as_tensor(response.spread**2 + torch.as_tensor(level_sd) ** 2))
    offsets = torch.tensor(response.offsets, dtype=height.dtype, device=height.device)
    at_least = torch.special.ndtr((height[..., None] - offsets) / spread[..., None])  # (…, K − 1)
    ends = torch.ones_like(at_least[..., :1])
    single = torch.cat([ends, at_least], -1) - torch.cat([at_least, 0 * ends], -1)  # (…, K)
    return (1 - response.lapse) * single + response.lapse / single.shape[-1]


def log_likelihood(
    probability: Tensor, level: Tensor, level_sd: Tensor, response: Response, grid: Tensor | None = None
) -> Tensor:
    """Logarithm of each storm's factor, (E, K, H, W) → (E, G, H, W); 0 in unmapped cells.

    Args:
        probability: the teacher's class probabilities; a cell whose probabilities sum to 0 was not mapped.
        level, level_sd: (E,) peak level [m above mean sea level] and its standard deviation.
        grid: (G,) values of h; ``None`` = `thresholds`.
    """
    grid = (thresholds() if grid is None else grid).to(probability)
    table = depth_class_probability(level[:, None] - grid, level_sd[:, None], response)  # (E, G, K)
    factor = torch.einsum("egk,ekhw->eghw", table, probability)
    mapped = probability.sum(1, keepdim=True) > 0
    return torch.where(mapped, factor.clamp(min=1e-30).log(), torch.zeros_like(factor))


def log_prior(elevation: Tensor, seen: Tensor, level: Tensor, prior: Prior, grid: Tensor | None = None) -> Tensor:
    """log p(h), (H, W) → (G, H, W), from the elevation product [m above mean sea level] and peaks of storms (E,)."""
    grid = (thresholds() if grid is None else grid).to(elevation)[:, None, None]

    def normal(centre: Tensor, spread: float) -> Tensor:
        density = torch.exp(-0.5 * ((grid - centre.clamp(float(grid[0]), HIGHEST)) / spread) ** 2)
        return density / density.sum(0)

    protected = normal(level.mean() + prior.above, prior.crests).expand(-1, *seen.shape)
    free = torch.where(seen, normal(elevation + prior.bias, prior.spread), torch.full_like(protected, 1 / len(grid)))
    mixture = prior.protected * protected + (1 - prior.protected) * free
    return ((1 - prior.vague) * mixture + prior.vague / len(grid)).log()


def elevation_posterior(
    archive: FloodArchive, used: Tensor, response: Response = RESPONSE, prior: Prior = PRIOR
) -> Tensor:
    """p(h | used storms) of several subsets, (N, E) bool → (N, G, H, W)."""
    per_storm = log_likelihood(archive.class_probability, archive.level, archive.level_sd, response, archive.grid)
    storms = archive.level if archive.storm_level is None else archive.storm_level
    prior_term = log_prior(archive.elevation, archive.seen, storms, prior, archive.grid)
    summed = torch.einsum("ne,eghw->nghw", used.to(per_storm), per_storm)
    return (prior_term + summed).softmax(dim=1)


def compute_waterlines(archive: FloodArchive, used: Tensor) -> Tensor:
    """(N, 8, H, W) ``WATERLINE_CHANNELS`` of several subsets of the storms, (N, E) bool.

    ``low``, ``middle``, ``high`` are the 10, 50 and 90 % quantiles of h; ``highest_dry`` and ``lowest_wet`` the bounds
    of the classical waterline method (``LOWEST`` and ``HIGHEST`` where there is none). A few rows are computed at once,
    to save memory.
    """
    rows = max(LARGEST_TENSOR // (len(archive) * len(archive.grid) * archive.seen.shape[1]), 1)
    starts = range(0, archive.seen.shape[0], rows)
    return torch.cat([_compute_rows(_rows_of(archive, slice(start, start + rows)), used) for start in starts], dim=2)


def flood_probability(archive: FloodArchive, level: Tensor, level_sd: Tensor) -> Tensor:
    """P(flooded) at other levels by the waterlines of all storms alone, (L,) levels → (L, H, W).

    Args:
        level, level_sd: (L,) [m above mean sea level], each with the standard deviation of what is known of it.
    """
    rows = max(LARGEST_TENSOR // (len(archive) * len(archive.grid) * archive.seen.shape[1]), 1)
    table = 1 - depth_class_probability(level[:, None] - archive.grid, level_sd[:, None], RESPONSE)[..., 0]  # (L, G)
    every = torch.ones(1, len(archive), dtype=torch.bool)
    found = [
        torch.einsum("lg,ghw->lhw", table, elevation_posterior(_rows_of(archive, slice(start, start + rows)), every)[0])
        for start in range(0, archive.seen.shape[0], rows)
    ]
    return torch.cat(found, dim=1)


def _rows_of(archive: FloodArchive, rows: slice) -> FloodArchive:
    return replace(
        archive,
        class_probability=archive.class_probability[:, :, rows],
        elevation=archive.elevation[rows],
        seen=archive.seen[rows],
    )


def waterline_bounds(archive: FloodArchive, used: Tensor) -> tuple[Tensor, Tensor]:
    """(N, H, W) highest sea level at which a cell was dry, and lowest at which it was wet [m above mean sea level].

    Minus and plus infinity where there is none. Bounds from levels that are not exact keep away from them.

    Args:
        used: (N, E) bool, subsets of the storms.
    """
    mapped = archive.class_probability.sum(1) > 0  # (E, H, W)
    wet, level = mapped & (archive.class_probability[:, 0] < 0.5), archive.level[:, None, None]
    margin = 0.0 if archive.bound_margin is None else archive.bound_margin[:, None, None]
    nothing = torch.full_like(archive.class_probability[:1, 0], torch.inf)
    dry_level = torch.where(mapped & ~wet, level - margin, -nothing)
    wet_level = torch.where(wet, level + margin, nothing)
    lowest = [torch.cat([dry_level[subset], -nothing]).amax(0) for subset in used]
    highest = [torch.cat([wet_level[subset], nothing]).amin(0) for subset in used]
    return torch.stack(lowest), torch.stack(highest)


def _compute_rows(archive: FloodArchive, used: Tensor) -> Tensor:
    posterior = elevation_posterior(archive, used)
    grid = archive.grid.to(posterior)
    cumulative = posterior.cumsum(dim=1)
    points = [
        grid[(cumulative < share).sum(dim=1).clamp(max=len(grid) - 1)].clamp(min=LOWEST) for share in (0.1, 0.5, 0.9)
    ]
    mapped = archive.class_probability.sum(1) > 0  # (E, H, W)
    flooded = torch.where(
        mapped, 1 - archive.class_probability[:, 0], torch.zeros_like(archive.class_probability[:, 0])
    )
    dry, wet = waterline_bounds(archive, used)
    bounds = zip(dry.clamp(min=LOWEST), wet.clamp(max=HIGHEST), strict=True)
    depth_class = _expected_class(archive.class_probability)
    channels = []
    for subset, at, bound in zip(used, zip(*points, strict=True), bounds, strict=True):
        count = mapped[subset].sum(0)
        frequency = flooded[subset].sum(0)
        depth = (depth_class[subset] * flooded[subset]).sum(0) / frequency.clamp(min=0.1)
        channels.append(torch.stack([*at, *bound, frequency / count.clamp(min=1), depth, count.to(depth)]))
    return torch.stack(channels)


def attach_archive(batch: Batch, archive: FloodArchive, used: Tensor) -> Batch:
    """The batch with the waterlines and the flood archive of its study area.

    Args:
        batch: B samples of the study area.
        archive: E storms of the same study area.
        used: (B, E) bool, the archive storms that a sample may use; its own must not be among them. A sample without
            any has neither waterlines nor archive.
    """
    distinct, which = torch.unique(used, dim=0, return_inverse=True)
    return _with_archive(batch, archive, used, compute_waterlines(archive, distinct)[which])


def _with_archive(batch: Batch, archive: FloodArchive, used: Tensor, waterlines: Tensor) -> Batch:
    some = used.any(dim=1)[:, None, None]
    maps = torch.stack([1 - archive.class_probability[:, 0], _expected_class(archive.class_probability)], dim=1)
    maps = maps * (archive.class_probability.sum(1, keepdim=True) > 0)
    return replace(
        batch,
        waterlines=torch.where(some[:, None], waterlines, torch.zeros_like(waterlines)),
        waterlines_seen=some & archive.seen.expand(len(batch), -1, -1),
        archive=maps.expand(len(batch), *maps.shape),
        archive_seen=used,
        archive_level=archive.level.expand(len(batch), -1),
    )


def attach_whole_archive(batch: Batch, archive: FloodArchive) -> Batch:
    """Attach the whole archive to storms outside it; its simulated storms, only to storms far above the past ones."""
    used, beyond = torch.ones(len(batch), len(archive), dtype=torch.bool), archive.is_beyond(batch)
    used[:, len(archive) - archive.physics_augmented :] = beyond[:, None]
    return _with_archive(batch, archive, used, archive.waterlines[beyond.long()])


def sample_archive_mask(level: Tensor, own: Tensor, generator: torch.Generator) -> Tensor:
    """(N, E) bool: the archive storms that each of N training samples may use; never its own.

    One sample in eight has no archive; of the others 40 % have only storms lower than their own, so that the student is
    trained to extrapolate. The number of storms is drawn uniformly.

    Args:
        level: (E,) peak levels [m above mean sea level]; ``own`` (N,) the samples' own storms.
        generator: on the CPU.
    """
    used = torch.zeros(len(own), len(level), dtype=torch.bool)
    for row, storm in zip(used, own.tolist(), strict=True):
        draw = torch.rand(2, generator=generator)
        if draw[0] < 1 / 8:
            continue
        others = torch.arange(len(level)) != storm
        if draw[1] < 0.4:
            others &= level < level[storm]
        candidates = others.nonzero()[:, 0]
        if len(candidates):
            count = int(torch.randint(1, len(candidates) + 1, (1,), generator=generator))
            row[candidates[torch.randperm(len(candidates), generator=generator)[:count]]] = True
    return used


@dataclass(frozen=True, eq=False)
class SceneLevels:
    """The sea at E radar scenes.

    Attributes:
        level, level_sd: (E,) of the water that each shows [m above mean sea level], and its standard deviation.
        storm_level: () mean peak of the place's storms [m above mean sea level].
    """

    level: Tensor
    level_sd: Tensor
    storm_level: Tensor


def build_archive(batch: Batch, prediction: Prediction, scenes: SceneLevels | None = None) -> FloodArchive:
    """The flood archive of one study area, from storms and the teacher's predictions on them.

    Args:
        scenes: where the batch holds radar scenes: only what they saw is mapped. ``None`` = it holds storms, each at
            its peak.

    Raises:
        InputError: storms without terrain.
    """
    terrain, terrain_seen = batch.pair("terrain")
    probability, ground = prediction.flood_logits.float().softmax(dim=1), (terrain[0, 0], terrain_seen[0])
    if scenes is None:
        return FloodArchive(probability, *peak_levels(batch), *ground)
    seen, margin = batch.require("radar_seen")[:, None], BOUND_SPREADS * scenes.level_sd
    return FloodArchive(
        probability * seen, scenes.level, scenes.level_sd, *ground, bound_margin=margin, storm_level=scenes.storm_level
    )


TIDE_SD = 0.3
"""Standard deviation [m] of a storm's peak from the tide alone; from gauges: ``GAUGE_SD``, ``NEIGHBOUR_SD``."""
MEDIAN_SURGE = 0.3
"""Median height of a storm's peak above the predicted tide [m], for hours without a gauge reading."""


def peak_levels(batch: Batch) -> tuple[Tensor, Tensor]:
    """(B,) peak level [m above mean sea level] of each storm and its standard deviation, from all gauges of the batch.

    Hours without an own reading are filled by the tide plus the mean surge of the neighbours at the same hour.
    """
    tide = batch.tide[:, :CONTEXT_HOURS]
    above = batch.gauge - tide[:, None]  # (B, S, 72)
    seen = batch.gauge_seen
    neighbours = seen[:, 1:].sum(1)
    filled = (above[:, 1:] * seen[:, 1:]).sum(1) / neighbours.clamp(min=1)
    own = seen[:, 0]
    surge = torch.where(own, above[:, 0], torch.where(neighbours > 0, filled, torch.zeros_like(filled)))
    level = tide + surge
    peak, hour = level.max(dim=1)
    own_at, near_at = own.gather(1, hour[:, None])[:, 0], (neighbours > 0).gather(1, hour[:, None])[:, 0]
    spread = torch.where(own_at, torch.full_like(peak, GAUGE_SD), torch.full_like(peak, NEIGHBOUR_SD))
    read = own_at | near_at
    unread = ~(own | (neighbours > 0))  # hours without a reading may have been higher
    higher = (torch.where(unread, tide + MEDIAN_SURGE, torch.full_like(tide, -torch.inf))).amax(dim=1)
    from_tide = ~read | (higher > peak)
    peak = torch.where(from_tide, torch.maximum(peak, higher), peak)
    return peak, torch.where(from_tide, torch.full_like(spread, TIDE_SD), spread)


def _expected_class(probability: Tensor) -> Tensor:
    """(E, K, H, W) → (E, H, W) mean depth class."""
    return torch.einsum("ekhw,k->ehw", probability, torch.arange(FLOOD_CLASSES).to(probability))
