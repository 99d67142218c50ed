"""Strandlines: what the teacher's maps of past storms, each at a known sea level, say of the ground.

The waterline method bounds a cell's height by the levels at which it was seen dry and wet. Here it is made
probabilistic: every cell has an *effective elevation* h [m above mean sea level], the level of the sea's peak at which
it begins to flood – ground, embankments, connection and attenuation included – and a posterior over it.

    p(h | archive) ∝ p(h) · Π_e Σ_k q_e(k) · P(k | l_e, h)
    P(class ≥ k | l, h) = Φ((l − h − c_k) / √(s² + σ_e²)),  mixed with a share ε of storms that tell nothing

with q_e(k) the teacher's probability of depth class k in storm e, l_e ± σ_e its peak level, c_k how far the peak must
stand above h for class k, and s how sharply a cell answers. Each storm's factor is computed once; an archive is a sum
of logarithms over any subset of storms, so that leaving one out costs a subtraction.

Source: the waterline method, Mason et al. (1995), Geophysical Research Letters 22, 3187–3190; the ordinal likelihood is
the graded response model of Samejima (1969), Psychometrika Monograph 17.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from strandline.models.batch import FLOOD_CLASSES, Batch
from strandline.models.prediction import Prediction
from strandline.observations.sea_level.forecast_window import CONTEXT_HOURS

LOWEST, HIGHEST, SPACING = 0.0, 7.05, 0.15
"""The grid of effective elevations [m above mean sea level]; the highest stands for ground that no sea reaches."""
EXTRAPOLATION_MARGIN = 0.5
"""Height above the highest mapped storm [m] from which physics tells what memory cannot: on simulated coasts memory
alone holds in the highest storms, at Caorle it failed 0.85 m above."""
AT_ONCE = 2**23
"""Storms × thresholds × cells whose evidence is held in memory together."""


@dataclass(frozen=True)
class Response:
    """How a cell answers to the sea.

    Attributes:
        offsets: (K − 1,) how far the peak stands above h when depth class 1, 2, … becomes likelier than not [m].
        spread: standard deviation of the answer [m].
        lapse: share of storms that tell nothing of h: a breach elsewhere, or a teacher that errs.
    """

    offsets: tuple[float, ...]
    spread: float
    lapse: float


RESPONSE = Response(offsets=(0.0, 0.12, 0.35, 0.52), spread=0.2, lapse=0.02)
"""Greatest marginal likelihood of the true maps of 112 pre-training coasts; water behind a broken embankment rises
fast, so that the classes lie closer together than their depths."""


@dataclass(frozen=True)
class Prior:
    """What is known of h before any map: a mixture of normal laws.

    Attributes:
        bias, spread: of h − elevation product, for ground that the sea reaches freely [m].
        above, crests: mean and standard deviation of h − mean peak level of the archive, for ground behind embankments,
            which were built to keep such storms out [m].
        protected: share of the latter; ``vague``: share of cells of which nothing is known.
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
    """The teacher's maps of E past storms of one place.

    Attributes:
        class_probability: (E, K, H, W) class probabilities; 0 throughout in a cell that was not mapped.
        level, level_sd: (E,) peak of the sea [m above mean sea level] and its standard deviation.
        elevation, seen: (H, W) the elevation product [m above mean sea level] and where it is known.
        rehearsed: how many of the E, the last of them, are no past storms but physics' word on higher ones.
    """

    class_probability: Tensor
    level: Tensor
    level_sd: Tensor
    elevation: Tensor
    seen: Tensor
    physics_augmented: int = 0

    def __len__(self) -> int:
        return len(self.class_probability)

    @property
    def highest(self) -> float:
        """Peak of the highest storm that was mapped [m above mean sea level]."""
        return float(self.level[: len(self) - self.physics_augmented].max())

    @cached_property
    def waterlines(self) -> Tensor:
        """(2, 8, H, W) ``WATERLINE_CHANNELS`` of the past storms alone, and of the rehearsed ones with them."""
        used = torch.ones(2, len(self), dtype=torch.bool)
        used[0, len(self) - self.physics_augmented :] = False
        return compute_waterlines(self, used)

    def is_beyond(self, batch: Batch) -> Tensor:
        """(B,) whether a storm peaks so far above all that were mapped that memory does not tell of it."""
        return peak_levels(batch)[0] > self.highest + EXTRAPOLATION_MARGIN


def thresholds() -> Tensor:
    """(G,) the grid of h [m above mean sea level]."""
    return torch.arange(LOWEST, HIGHEST + SPACING / 2, SPACING)


def class_probability(height: Tensor, level_sd: Tensor | float, response: Response) -> Tensor:
    """P(class | l − h), (…) → (…, K), of a peak that stands ``height`` [m] above h, known to ``level_sd`` [m]."""
    spread = torch.sqrt(torch.as_tensor(response.spread**2 + torch.as_tensor(level_sd) ** 2))
    offsets = torch.tensor(response.offsets, dtype=height.dtype, device=height.device)
    at_least = torch.special.ndtr((height[..., None] - offsets) / spread[..., None])  # (…, K − 1)
    ends = torch.ones_like(at_least[..., :1])
    single = torch.cat([ends, at_least], -1) - torch.cat([at_least, 0 * ends], -1)  # (…, K)
    return (1 - response.lapse) * single + response.lapse / single.shape[-1]


def log_likelihood(word: Tensor, level: Tensor, level_sd: Tensor, response: Response) -> Tensor:
    """Logarithm of each storm's factor, (E, K, H, W) → (E, G, H, W); 0 everywhere where nothing is known.

    Args:
        word: the teacher's class probabilities; a cell whose probabilities sum to 0 was not mapped.
        level, level_sd: (E,) peak level [m above mean sea level] and its standard deviation.
    """
    grid = thresholds().to(word)
    table = class_probability(level[:, None] - grid, level_sd[:, None], response)  # (E, G, K)
    factor = torch.einsum("egk,ekhw->eghw", table, word)
    mapped = word.sum(1, keepdim=True) > 0
    return torch.where(mapped, factor.clamp(min=1e-30).log(), torch.zeros_like(factor))


def log_prior(elevation: Tensor, seen: Tensor, level: Tensor, prior: Prior) -> Tensor:
    """log p(h), (H, W) → (G, H, W), from the product [m above mean sea level] and the archive's peaks (E,)."""
    grid = thresholds().to(elevation)[:, None, None]

    def normal(centre: Tensor, spread: float) -> Tensor:
        density = torch.exp(-0.5 * ((grid - centre.clamp(LOWEST, HIGHEST)) / spread) ** 2)
        return density / density.sum(0)

    protected = normal(level.mean() + prior.above, prior.crests).expand(-1, *seen.shape)
    free = torch.where(seen, normal(elevation + prior.bias, prior.spread), torch.full_like(protected, 1 / len(grid)))
    mixture = prior.protected * protected + (1 - prior.protected) * free
    return ((1 - prior.vague) * mixture + prior.vague / len(grid)).log()


def elevation_posterior(
    archive: FloodArchive, used: Tensor, response: Response = RESPONSE, prior: Prior = PRIOR
) -> Tensor:
    """p(h | used storms) of several subsets, (N, E) bool → (N, G, H, W)."""
    evidence = log_likelihood(archive.class_probability, archive.level, archive.level_sd, response)
    known = log_prior(archive.elevation, archive.seen, archive.level, prior)
    summed = torch.einsum("ne,eghw->nghw", used.to(evidence), evidence)
    return (known + summed).softmax(dim=1)


def compute_waterlines(archive: FloodArchive, used: Tensor) -> Tensor:
    """(N, 8, H, W) ``WATERLINE_CHANNELS`` of several subsets of the storms, (N, E) bool.

    ``low``, ``middle``, ``high`` are the 10, 50 and 90 % points of h; ``highest_dry`` and ``lowest_wet`` the bounds of
    the old waterline method (``LOWEST`` and ``HIGHEST`` where there is none). A few rows are drawn at once, to spare
    memory.
    """
    rows = max(AT_ONCE // (len(archive) * len(thresholds()) * archive.seen.shape[1]), 1)
    starts = range(0, archive.seen.shape[0], rows)
    return torch.cat([_draw_rows(_rows_of(archive, slice(start, start + rows)), used) for start in starts], dim=2)


def _rows_of(archive: FloodArchive, rows: slice) -> FloodArchive:
    return replace(
        archive,
        class_probability=archive.class_probability[:, :, rows],
        elevation=archive.elevation[rows],
        seen=archive.seen[rows],
    )


def waterline_bounds(archive: FloodArchive, used: Tensor) -> tuple[Tensor, Tensor]:
    """(N, H, W) highest sea at which a cell stayed dry, and lowest at which it was wet [m above mean sea level].

    Minus and plus infinity where there was none.

    Args:
        used: (N, E) bool, subsets of the storms.
    """
    mapped = archive.class_probability.sum(1) > 0  # (E, H, W)
    wet, level = mapped & (archive.class_probability[:, 0] < 0.5), archive.level[:, None, None]
    nothing = torch.full_like(archive.class_probability[:1, 0], torch.inf)
    dry_level = torch.where(mapped & ~wet, level, -nothing)
    wet_level = torch.where(wet, level, nothing)
    lowest = [torch.cat([dry_level[subset], -nothing]).amax(0) for subset in used]
    highest = [torch.cat([wet_level[subset], nothing]).amin(0) for subset in used]
    return torch.stack(lowest), torch.stack(highest)


def _draw_rows(archive: FloodArchive, used: Tensor) -> Tensor:
    posterior = elevation_posterior(archive, used)
    grid = thresholds().to(posterior)
    reached = posterior.cumsum(dim=1)
    points = [grid[(reached < share).sum(dim=1).clamp(max=len(grid) - 1)] for share in (0.1, 0.5, 0.9)]
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
    """The batch with the strandlines and the archive of its place.

    Args:
        batch: B samples of the place.
        archive: E storms of the same place.
        used: (B, E) bool, which storms a sample may know; its own must not be among them. A sample that may know none
            has neither.
    """
    distinct, which = torch.unique(used, dim=0, return_inverse=True)
    return _with_memory(batch, archive, used, compute_waterlines(archive, distinct)[which])


def _with_memory(batch: Batch, archive: FloodArchive, used: Tensor, lines: Tensor) -> Batch:
    some = used.any(dim=1)[:, None, None]
    maps = torch.stack([1 - archive.class_probability[:, 0], _expected_class(archive.class_probability)], dim=1)
    maps = maps * (archive.class_probability.sum(1, keepdim=True) > 0)
    return replace(
        batch,
        waterlines=torch.where(some[:, None], lines, torch.zeros_like(lines)),
        waterlines_seen=some & archive.seen.expand(len(batch), -1, -1),
        archive=maps.expand(len(batch), *maps.shape),
        archive_seen=used,
        archive_level=archive.level.expand(len(batch), -1),
    )


def attach_whole_archive(batch: Batch, archive: FloodArchive) -> Batch:
    """Storms that are not in the archive remember all of it; what was rehearsed, only those far above the past ones."""
    used, beyond = torch.ones(len(batch), len(archive), dtype=torch.bool), archive.is_beyond(batch)
    used[:, len(archive) - archive.physics_augmented :] = beyond[:, None]
    return _with_memory(batch, archive, used, archive.waterlines[beyond.long()])


def sample_archive_mask(level: Tensor, own: Tensor, generator: torch.Generator) -> Tensor:
    """(N, E) bool: which storms each of N samples may remember while it learns to use strandlines; never its own.

    One sample in eight remembers nothing; of the others 40 % know only lower storms than their own, so that the student
    learns what a sea does that nobody has seen, and the number of storms is drawn uniformly.

    Args:
        level: (E,) peak levels [m above mean sea level]; ``own`` (N,) the samples' own storms.
        generator: on the processor.
    """
    used = torch.zeros(len(own), len(level), dtype=torch.bool)
    for row, storm in zip(used, own.tolist(), strict=True):
        chance = torch.rand(2, generator=generator)
        if chance[0] < 1 / 8:
            continue
        others = torch.arange(len(level)) != storm
        if chance[1] < 0.4:
            others &= level < level[storm]
        candidates = others.nonzero()[:, 0]
        if len(candidates):
            most = int(torch.randint(1, len(candidates) + 1, (1,), generator=generator))
            row[candidates[torch.randperm(len(candidates), generator=generator)[:most]]] = True
    return used


def build_archive(batch: Batch, word: Prediction) -> FloodArchive:
    """The archive that a teacher's view of one place's storms and its word on them make.

    Raises:
        ValueError: without terrain or flood maps.
    """
    if batch.terrain is None or batch.terrain_seen is None or word.flood_logits is None:
        raise ValueError("an archive needs terrain and the teacher's flood maps")
    level, spread = peak_levels(batch)
    probability = word.flood_logits.float().softmax(dim=1)
    return FloodArchive(probability, level, spread, batch.terrain[0, 0], batch.terrain_seen[0])


GAUGE_SD, NEIGHBOUR_SD, TIDE_SD = 0.03, 0.15, 0.3
"""Standard deviation [m] of a peak level read off the own gauge, filled from neighbours, and guessed from the tide."""
USUAL_SURGE = 0.3
"""Median height of a storm's peak above the predicted tide [m], for hours in which no gauge was alive."""


def peak_levels(batch: Batch) -> tuple[Tensor, Tensor]:
    """(B,) peak level [m above mean sea level] of each storm and its standard deviation, from all gauges of the view.

    Hours without an own reading are filled: the tide, and above it what the neighbours show above it at the same hour.
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
    alive = own_at | near_at
    silent = ~(own | (neighbours > 0))  # hours of which nothing is known may have been higher
    higher = (torch.where(silent, tide + USUAL_SURGE, torch.full_like(tide, -torch.inf))).amax(dim=1)
    guessed = ~alive | (higher > peak)
    peak = torch.where(guessed, torch.maximum(peak, higher), peak)
    return peak, torch.where(guessed, torch.full_like(spread, TIDE_SD), spread)


def _expected_class(word: Tensor) -> Tensor:
    """(E, K, H, W) → (E, H, W) mean depth class."""
    return torch.einsum("ekhw,k->ehw", word, torch.arange(FLOOD_CLASSES).to(word))
