"""The flood archive of a study area, the effective elevation of its ground, and the waterlines drawn from it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from strandline.distillation.waterlines.effective_elevation import (
    HIGHEST,
    LOWEST,
    PRIOR,
    RESPONSE,
    Prior,
    Response,
    depth_class_probability,
    log_likelihood,
    log_prior,
    thresholds,
)
from strandline.distillation.waterlines.peak_levels import peak_levels
from strandline.models.batch import FLOOD_CLASSES, Batch
from strandline.models.encoders.inflow import summarise_inflow
from strandline.models.prediction import Prediction

BELOW = 0.6
"""By which such a grid reaches below the lowest scene [m]: three spreads of the response."""
EXTRAPOLATION_MARGIN = 0.5
"""Height above the highest mapped storm [m] from which physics augmentation is used: on simulated coasts the archive
alone is sufficient up to the highest storms, at the mouth of the Piave it failed 0.85 m above."""
BOUND_SPREADS = 2.0
"""Standard deviations by which the bounds of the ground keep away from the level of a radar scene: at a level that is
read too high by more than that (1 in 44), a dry cell would be held for higher ground than it is."""
LARGE_INFLOW = (0.5, 0.7)
"""Rain of three days over 100 mm, and ln of the discharge over its mean, from which water on land may be of them; an
assumption."""
LARGEST_TENSOR = 2**23
"""Storms × thresholds × cells in memory at once."""


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
        inflow, inflow_seen: (E, 2) rain and rivers of each storm, as of `summarise_inflow`; ``None`` = not known.
    """

    class_probability: Tensor
    level: Tensor
    level_sd: Tensor
    elevation: Tensor
    seen: Tensor
    physics_augmented: int = 0
    bound_margin: Tensor | None = None
    storm_level: Tensor | None = None
    inflow: Tensor | None = None
    inflow_seen: Tensor | None = None

    def __len__(self) -> int:
        return len(self.class_probability)

    @property
    def mapped(self) -> Tensor:
        """(E, H, W) whether a storm was mapped in a cell."""
        return self.class_probability.sum(1) > 0

    @property
    def mean_class(self) -> Tensor:
        """(E, H, W) mean depth class."""
        classes = torch.arange(FLOOD_CLASSES).to(self.class_probability)
        return torch.einsum("ekhw,k->ehw", self.class_probability, classes)

    @property
    def of_the_sea(self) -> Tensor:
        """(E,) whether a flood shows how high the ground lies: not one at a low sea with much rain or discharge.

        A sea above the mean of the storms counts all the same: cyclones bring both, and their surges are what is known
        of the ground.
        """
        if self.inflow is None or self.inflow_seen is None:
            return torch.ones(len(self), dtype=torch.bool)
        is_large = (self.inflow_seen & (self.inflow >= self.inflow.new_tensor(LARGE_INFLOW))).any(dim=1)
        return ~is_large | (self.level >= self.level.mean())

    def of_storms(self, kept: Tensor) -> "FloodArchive":
        """The archive of some of the storms, (E,) bool."""
        last = len(self) - self.physics_augmented
        return FloodArchive(
            self.class_probability[kept],
            self.level[kept],
            self.level_sd[kept],
            self.elevation,
            self.seen,
            int(kept[last:].sum()),
            None if self.bound_margin is None else self.bound_margin[kept],
            self.storm_level if bool(kept.any()) else self.level.mean(),
            None if self.inflow is None else self.inflow[kept],
            None if self.inflow_seen is None else self.inflow_seen[kept],
        )

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
        inflow = (None, None) if batch.inflow is None else summarise_inflow(*batch.pair("inflow"))
        return FloodArchive(probability, *peak_levels(batch), *ground, inflow=inflow[0], inflow_seen=inflow[1])
    seen, margin = batch.require("radar_seen")[:, None], BOUND_SPREADS * scenes.level_sd
    return FloodArchive(
        probability * seen, scenes.level, scenes.level_sd, *ground, bound_margin=margin, storm_level=scenes.storm_level
    )


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
    to save memory. Storms with much rain or discharge at a low sea draw no waterlines.
    """
    if not bool((kept := archive.of_the_sea).all()):
        archive, used = archive.of_storms(kept), used[:, kept]
    return torch.cat([_compute_waterlines(rows, used) for rows in _few_rows(archive)], dim=2)


def flood_probability(archive: FloodArchive, level: Tensor, level_sd: Tensor) -> Tensor:
    """P(flooded) at other levels by the waterlines of the storms that draw any, (L,) levels → (L, H, W).

    Args:
        level, level_sd: (L,) [m above mean sea level], each with the standard deviation of what is known of it.
    """
    table = 1 - depth_class_probability(level[:, None] - archive.grid, level_sd[:, None], RESPONSE)[..., 0]  # (L, G)
    kept = archive.of_the_sea[None]
    found = [torch.einsum("lg,ghw->lhw", table, elevation_posterior(rows, kept)[0]) for rows in _few_rows(archive)]
    return torch.cat(found, dim=1)


def waterline_bounds(archive: FloodArchive, used: Tensor) -> tuple[Tensor, Tensor]:
    """(N, H, W) highest sea level at which a cell was dry, and lowest at which it was wet [m above mean sea level].

    Minus and plus infinity where there is none. Bounds from levels that are not exact keep away from them.

    Args:
        used: (N, E) bool, subsets of the storms.
    """
    mapped = archive.mapped
    wet, level = mapped & (archive.class_probability[:, 0] < 0.5), archive.level[:, None, None]
    margin = 0.0 if archive.bound_margin is None else archive.bound_margin[:, None, None]
    nothing = archive.class_probability.new_full((1, *archive.seen.shape), torch.inf)
    dry_level = torch.where(mapped & ~wet, level - margin, -nothing)
    wet_level = torch.where(wet, level + margin, nothing)
    lowest = [torch.cat([dry_level[subset], -nothing]).amax(0) for subset in used]
    highest = [torch.cat([wet_level[subset], nothing]).amin(0) for subset in used]
    return torch.stack(lowest), torch.stack(highest)


def _compute_waterlines(archive: FloodArchive, used: Tensor) -> Tensor:
    posterior = elevation_posterior(archive, used)
    grid = archive.grid.to(posterior)
    cumulative = posterior.cumsum(dim=1)
    points = [
        grid[(cumulative < share).sum(dim=1).clamp(max=len(grid) - 1)].clamp(min=LOWEST) for share in (0.1, 0.5, 0.9)
    ]
    mapped, dry = archive.mapped, archive.class_probability[:, 0]
    flooded = torch.where(mapped, 1 - dry, torch.zeros_like(dry))
    highest_dry, lowest_wet = waterline_bounds(archive, used)
    bounds = zip(highest_dry.clamp(min=LOWEST), lowest_wet.clamp(max=HIGHEST), strict=True)
    depth_class = archive.mean_class
    channels = []
    for subset, at, bound in zip(used, zip(*points, strict=True), bounds, strict=True):
        count = mapped[subset].sum(0)
        frequency = flooded[subset].sum(0)
        depth = (depth_class[subset] * flooded[subset]).sum(0) / frequency.clamp(min=0.1)
        channels.append(torch.stack([*at, *bound, frequency / count.clamp(min=1), depth, count.to(depth)]))
    return torch.stack(channels)


def _few_rows(archive: FloodArchive) -> Iterator[FloodArchive]:
    """The archive, a few rows of its maps at a time."""
    each = max(len(archive), 1) * len(archive.grid) * archive.seen.shape[1]
    rows = max(LARGEST_TENSOR // each, 1)
    for start in range(0, archive.seen.shape[0], rows):
        some = slice(start, start + rows)
        yield replace(
            archive,
            class_probability=archive.class_probability[:, :, some],
            elevation=archive.elevation[some],
            seen=archive.seen[some],
        )
