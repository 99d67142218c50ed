"""How probable a record is, with gaps and about a tide that is not quite known, by how its weather is forgotten."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats

LAG_HOURS = 168
"""Lags [h] of an autocovariance, and hours of the longest stretch whose likelihood is taken at once."""
READING_NOISE = 0.003
"""Standard deviation [m] of a reading."""
MOST_STRETCHES = 60
"""Of a long record, evenly spread: more tell nothing new of 168 lags."""
_APART = torch.from_numpy(np.abs(np.subtract.outer(np.arange(LAG_HOURS), np.arange(LAG_HOURS))))


@dataclass(frozen=True, eq=False)
class Expansion:
    """A −log probability about a point: its value, slope (K,) and curvature (K, K)."""

    value: float
    slope: Floats
    curvature: Floats


class RecordLikelihood:
    """Of weather that is a sum of K known shapes, by the logarithms of their variances.

    Stretches of 168 hours are independent but for the tide, whose error they share.

    Attributes:
        mean_square: of the readings [m2].
        count: of the shapes, K.

    Source: Gaussian process with explicit basis functions, Rasmussen and Williams (2006), section 2.7.
    """

    def __init__(self, level: Floats, modes: npt.NDArray[np.float32], shapes: Floats) -> None:
        """Of a record.

        Args:
            level: (T,) hourly residuals about a fitted tide [m]; NaN = not observed.
            modes: (T, R) of that tide's error [m] (`FittedTide.error_modes`).
            shapes: (K, 168) autocorrelations.

        Raises:
            RefusedByTheory: a record without a reading.
        """
        values, seen, patterns = _stretches(level, modes)
        self.mean_square = float((values**2).sum() / seen.sum())
        self.count = len(shapes)
        self._level = torch.from_numpy(values)
        self._modes = torch.from_numpy(patterns)
        self._shapes = torch.from_numpy(shapes)
        masks, which = np.unique(seen, axis=0, return_inverse=True)  # stretches with the same gaps are solved together
        self._masks, self._which = torch.from_numpy(masks.astype(float)), torch.from_numpy(which)

    def about(self, logarithms: Floats) -> Expansion:
        """−log likelihood, up to a constant, about (K,) logarithms of the shapes' variances [m2].

        With ``C = Σ s_k K_k + noise``, the tide's modes E, ``Σ = C + E Eᵀ`` and the precision ``P = Σ⁻¹``, it is
        ``(yᵀ P y + log |Σ|) / 2``, and its slope ``s_k (tr P K_k − yᵀ P K_k P y) / 2``. The second derivative by the
        variances is taken to be the average information ``yᵀ P K_k P K_l P y / 2``, which costs no trace of four
        matrices: the mean of the observed and the expected one, in which these traces cancel.

        Source: Gilmour, Thompson and Cullis (1995), Average information REML, Biometrics 51, 1440–1450.
        """
        sizes = torch.from_numpy(logarithms).exp()
        precision, log_size = self._precision((sizes @ self._shapes)[_APART])
        told = precision @ self._level[..., None]  # (N, 168, 1)
        outer = told[..., 0].T @ told[..., 0]  # (168, 168)
        by_lag = torch.zeros(LAG_HOURS, dtype=torch.float64)
        by_lag.index_add_(0, _APART.flatten(), (precision.total - outer).flatten())  # a shape is one number a lag
        slope = 0.5 * sizes * (self._shapes @ by_lag)  # (K,)
        moved = (self._shapes[:, _APART] @ told[..., 0].T).permute(2, 1, 0) * self._masks[self._which][..., None]
        average = 0.5 * sizes[:, None] * sizes * (moved.flatten(0, 1).T @ (precision @ moved).flatten(0, 1))  # (K, K)
        value = 0.5 * float((self._level * told[..., 0]).sum() + log_size)
        return Expansion(value, slope.numpy(), (average + slope.diag()).numpy())  # d²/d(log s)² = s² d²/ds² + s d/ds

    def _precision(self, residual_covariance: Tensor) -> tuple["_Precision", Tensor]:
        """P, by the matrix inversion lemma, and log |Σ|, of weather with that covariance (168, 168) [m2]."""
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
    """P = blocks − tide tideᵀ, of all stretches together.

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
        """(168, 168) sum over the stretches of each one's own part."""
        rows = self.tide.transpose(0, 1).flatten(1)  # (168, N · R)
        return self.blocks.sum(dim=0) - rows @ rows.T


def _stretches(level: Floats, modes: npt.NDArray[np.float32]) -> tuple[Floats, npt.NDArray[np.bool_], Floats]:
    """Residuals (N, 168) of weeks with a reading, 0 where there is none, the mask, and the modes (N, 168, R)."""
    seen = np.isfinite(level)
    if not seen.any():
        raise RefusedByTheory("a record without a reading does not tell how its weather moves")
    first = int(seen.argmax())
    missing = -(level.size - first) % LAG_HOURS

    def cut(values: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        padded = np.pad(values[first:], [(0, missing), *[(0, 0)] * (values.ndim - 1)])
        return padded.reshape(len(padded) // LAG_HOURS, LAG_HOURS, *values.shape[1:])

    masks = cut(seen.astype(float)) > 0
    weeks = np.flatnonzero(masks.any(axis=1))
    if len(weeks) > MOST_STRETCHES:
        weeks = weeks[np.linspace(0, len(weeks) - 1, MOST_STRETCHES).astype(int)]
    masks = masks[weeks]
    values = cut(np.where(seen, level, 0.0))[weeks].astype(float)
    patterns = cut(modes)[weeks].astype(float) * masks[..., None]
    return values, masks, patterns
