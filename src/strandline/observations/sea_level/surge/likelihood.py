"""Likelihood of a record of residuals, with gaps and an uncertain tide, given the residual covariance."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats

LAG_HOURS = 168
"""Number of lags [h] of an autocovariance, and length of a segment of the record [h]."""
READING_NOISE = 0.003
"""Standard deviation [m] of a reading."""
MAX_SEGMENTS = 60
"""Segments used of a long record, evenly spread; more hardly change the estimate of 168 lags."""
_APART = torch.from_numpy(np.abs(np.subtract.outer(np.arange(LAG_HOURS), np.arange(LAG_HOURS))))


@dataclass(frozen=True, eq=False)
class Expansion:
    """Second-order expansion of a −log probability: value, gradient (K,) and curvature (K, K)."""

    value: float
    gradient: Floats
    curvature: Floats


class RecordLikelihood:
    """Likelihood of residuals whose covariance is a sum of K known shapes, by the logarithms of their variances.

    Segments of 168 hours are independent except for the error of the tide, which they share.

    Attributes:
        mean_square: of the residuals [m2].
        count: number of shapes, K.

    Source: Gaussian process with explicit basis functions, Rasmussen and Williams (2006), section 2.7.
    """

    def __init__(self, level: Floats, modes: npt.NDArray[np.float32], shapes: Floats) -> None:
        """Prepare a record.

        Args:
            level: (T,) hourly residuals about a fitted tide [m]; NaN = not observed.
            modes: (T, R) of the error of that tide [m] (`FittedTide.error_modes`).
            shapes: (K, 168) autocorrelations.

        Raises:
            RefusedByTheory: the record has no reading.
        """
        values, seen, patterns = _segments(level, modes)
        self.mean_square = float((values**2).sum() / seen.sum())
        self.count = len(shapes)
        self._level = torch.from_numpy(values)
        self._modes = torch.from_numpy(patterns)
        self._shapes = torch.from_numpy(shapes)
        masks, which = np.unique(seen, axis=0, return_inverse=True)  # segments with equal gaps share one factorisation
        self._masks, self._which = torch.from_numpy(masks.astype(float)), torch.from_numpy(which)

    def expand(self, logarithms: Floats) -> Expansion:
        """Expansion of the −log likelihood, up to a constant, at (K,) logarithms of the shapes' variances [m2].

        With ``C = Σ s_k K_k + noise``, the tide's modes E, ``Σ = C + E Eᵀ`` and the precision ``P = Σ⁻¹``, it is
        ``(yᵀ P y + log |Σ|) / 2``, and its gradient ``s_k (tr P K_k − yᵀ P K_k P y) / 2``. The second derivative is
        approximated by the average information ``yᵀ P K_k P K_l P y / 2``, the mean of observed and expected
        information, in which the traces of products of four matrices cancel.

        Source: Gilmour, Thompson and Cullis (1995), Average information REML, Biometrics 51, 1440–1450.
        """
        sizes = torch.from_numpy(logarithms).exp()
        precision, log_size = self._precision((sizes @ self._shapes)[_APART])
        weighted = precision @ self._level[..., None]  # (N, 168, 1)
        outer = weighted[..., 0].T @ weighted[..., 0]  # (168, 168)
        by_lag = torch.zeros(LAG_HOURS, dtype=torch.float64)
        by_lag.index_add_(0, _APART.flatten(), (precision.total - outer).flatten())  # a shape has one value per lag
        gradient = 0.5 * sizes * (self._shapes @ by_lag)  # (K,)
        shape_weighted = (self._shapes[:, _APART] @ weighted[..., 0].T).permute(2, 1, 0) * self._masks[self._which][
            ..., None
        ]
        average = (
            0.5 * sizes[:, None] * sizes * (shape_weighted.flatten(0, 1).T @ (precision @ shape_weighted).flatten(0, 1))
        )  # (K, K)
        value = 0.5 * float((self._level * weighted[..., 0]).sum() + log_size)
        return Expansion(
            value, gradient.numpy(), (average + gradient.diag()).numpy()
        )  # d²/d(log s)² = s² d²/ds² + s d/ds

    def _precision(self, residual_covariance: Tensor) -> tuple["_Precision", Tensor]:
        """P, by the matrix inversion lemma, and log |Σ|, for residuals with this covariance (168, 168) [m2]."""
        pairs = self._masks[:, :, None] * self._masks[:, None]  # (M, 168, 168)
        known = (residual_covariance + READING_NOISE**2 * torch.eye(LAG_HOURS)) * pairs + torch.diag_embed(
            1 - self._masks
        )
        root = torch.linalg.cholesky(known)
        inverse = torch.cholesky_inverse(root) * pairs
        each = inverse[self._which]  # (N, 168, 168)
        solved = (each @ self._modes).flatten(0, 1)  # (N · 168, R)
        inner = torch.eye(solved.shape[1], dtype=torch.float64) + self._modes.flatten(0, 1).T @ solved
        tide_root = torch.linalg.cholesky(inner)
        tide = torch.linalg.solve_triangular(tide_root.T, solved, upper=True, left=False)  # (N · 168, R)
        log_root = root.diagonal(dim1=1, dim2=2).log().sum(dim=1)[self._which].sum() + tide_root.diagonal().log().sum()
        return _Precision(each, tide.reshape(*self._modes.shape)), 2 * log_root


@dataclass(frozen=True, eq=False)
class _Precision:
    """P = blocks − tide tideᵀ, of all segments together.

    Attributes:
        blocks: (N, 168, 168) [m-2].
        tide: (N, 168, R) [m-1].
    """

    blocks: Tensor
    tide: Tensor

    def __matmul__(self, columns: Tensor) -> Tensor:
        """(N, 168, C) → (N, 168, C)."""
        shared: Tensor = self.tide.flatten(0, 1).T @ columns.flatten(0, 1)  # (R, C)
        return self.blocks @ columns - self.tide @ shared

    @property
    def total(self) -> Tensor:
        """(168, 168) sum over the segments of their diagonal blocks."""
        rows = self.tide.transpose(0, 1).flatten(1)  # (168, N · R)
        return self.blocks.sum(dim=0) - rows @ rows.T


def _segments(level: Floats, modes: npt.NDArray[np.float32]) -> tuple[Floats, npt.NDArray[np.bool_], Floats]:
    """Residuals (N, 168) of segments with a reading, 0 where missing, their mask, and the modes (N, 168, R)."""
    seen = np.isfinite(level)
    if not seen.any():
        raise RefusedByTheory("the record has no reading: its covariance cannot be estimated")
    first = int(seen.argmax())
    missing = -(level.size - first) % LAG_HOURS

    def cut(values: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        padded = np.pad(values[first:], [(0, missing), *[(0, 0)] * (values.ndim - 1)])
        return padded.reshape(len(padded) // LAG_HOURS, LAG_HOURS, *values.shape[1:])

    masks = cut(seen.astype(float)) > 0
    kept = np.flatnonzero(masks.any(axis=1))
    if len(kept) > MAX_SEGMENTS:
        kept = kept[np.linspace(0, len(kept) - 1, MAX_SEGMENTS).astype(int)]
    masks = masks[kept]
    values = cut(np.where(seen, level, 0.0))[kept].astype(float)
    patterns = cut(modes)[kept].astype(float) * masks[..., None]
    return values, masks, patterns
