"""Effective elevation of the ground: how likely a cell's is, given maps of storms that each had a known sea level.

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
from dataclasses import dataclass

import torch
from torch import Tensor

LOWEST, HIGHEST, SPACING = 0.0, 7.05, 0.15
"""The grid of effective elevations [m above mean sea level]; the highest stands for ground that is never flooded. The
networks know no ground below ``LOWEST``, which every storm floods; scenes at a lower sea extend the grid to below them
(`FloodArchive.grid`), for the ground between the tides."""


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
