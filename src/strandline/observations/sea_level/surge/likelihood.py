"""Likelihood of residuals with gaps, an uncertain tide and a response to weather, given their covariance."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Indices

LAG_HOURS = 168
"""Number of lags [h] of an autocovariance, and length of a segment of the record [h]."""
READING_NOISE = 0.003
"""Standard deviation [m] of a reading."""
MAX_SEGMENTS = 60
"""Segments used of a long record, evenly spread; more hardly change the estimate of 168 lags."""
_APART = torch.from_numpy(np.abs(np.subtract.outer(np.arange(LAG_HOURS), np.arange(LAG_HOURS))))


@dataclass(frozen=True, eq=False)
class Record:
    """Residuals that a covariance and a response are fitted to.

    Attributes:
        level: (T,) hourly residuals about a fitted tide [m]; NaN = not observed.
        modes: (T, R) of the error of that tide [m] (`FittedTide.error_modes`).
        features: (T, P) of the weather: what a unit of each coefficient of the response adds to the residual.
        error: (168,) autocovariance [m2] of an error that only this record has, as one that was inferred from
            another gauge; ``None`` = a gauge's own readings.
    """

    level: Floats
    modes: npt.NDArray[np.float32]
    features: Floats
    error: Floats | None = None

    @classmethod
    def without_weather(cls, level: Floats, modes: npt.NDArray[np.float32]) -> "Record":
        """A record whose residual is one process."""
        return cls(level, modes, np.zeros((level.size, 0)))


@dataclass(frozen=True, eq=False)
class Expansion:
    """Second-order expansion of a −log probability: value, gradient (K,) and curvature (K, K)."""

    value: float
    gradient: Floats
    curvature: Floats


@dataclass(frozen=True, eq=False)
class Coefficients:
    """Joint normal distribution of the R coefficients of the tide's error and the P of the response.

    Attributes:
        mean: (R + P,); ``covariance``: (R + P, R + P). Those of the tide are in units of its modes.
    """

    mean: Floats
    covariance: Floats


class RecordLikelihood:
    """Likelihood of residuals by the logarithms of K variances of known shapes and of G groups of coefficients.

    The residual is a normal process, whose covariance is a sum of shapes, plus the tide's error and the response to
    weather, whose coefficients are normal: those of the tide of unit variance, those of a group of weather features of
    the group's variance. Segments of 168 hours are independent but for these coefficients, which all share. Records
    share the coefficients of the weather; only the first, the gauge's own, has the error of the tide.

    Attributes:
        mean_square: of the residuals of the first record [m2].
        count: number of shapes, K; ``groups``: of groups of coefficients, G; ``features``: of coefficients, P.

    Source: Gaussian process with explicit basis functions, Rasmussen and Williams (2006), section 2.7; variances by
        the marginal likelihood, MacKay (1992), Neural Computation 4, 415-447.
    """

    def __init__(self, records: Sequence[Record], shapes: Floats, group: Indices | None = None) -> None:
        """Prepare records.

        Args:
            records: the first is the gauge's own.
            shapes: (K, 168) autocorrelations.
            group: (P,) group of each feature, 0…G − 1.

        Raises:
            RefusedByTheory: a record has no reading.
        """
        cuts = [_Segments.of(record, own=number == 0) for number, record in enumerate(records)]
        first = cuts[0]
        self.mean_square = float((first.level**2).sum() / first.seen.sum())
        self.features = records[0].features.shape[1]
        self._group = torch.from_numpy(np.zeros(self.features, dtype=np.int64) if group is None else group)
        self.count, self.groups = len(shapes), int(self._group.max()) + 1 if self.features else 0
        self._level = torch.from_numpy(np.concatenate([cut.level for cut in cuts]))
        self._modes = torch.from_numpy(np.concatenate([cut.modes for cut in cuts]))
        self._features = torch.from_numpy(np.concatenate([cut.features for cut in cuts]))
        self._shapes = torch.from_numpy(shapes)
        errors = [np.zeros(LAG_HOURS) if record.error is None else record.error for record in records]
        whose = np.repeat(np.arange(len(cuts)), [len(cut.level) for cut in cuts])
        keys = np.column_stack([whose, np.concatenate([cut.seen for cut in cuts])])
        kinds, which = np.unique(keys, axis=0, return_inverse=True)  # segments with equal gaps share a factorisation
        self._masks, self._which = torch.from_numpy(kinds[:, 1:].astype(float)), torch.from_numpy(which.ravel())
        self._errors = torch.from_numpy(np.stack(errors))[torch.from_numpy(kinds[:, 0].astype(np.int64))]

    def expand(self, logarithms: Floats) -> Expansion:
        """Expansion of the −log likelihood, up to a constant, at (K + G,) logarithms of the variances.

        With ``C = Σ s_k K_k + noise``, the modes and scaled features E, ``Σ = C + E Eᵀ`` and the precision ``P = Σ⁻¹``,
        it is ``(yᵀ P y + log |Σ|) / 2``, and its gradient ``(tr P D − yᵀ P D P y) / 2`` with D the derivative of Σ:
        ``s_k K_k`` of a shape, ``E_g E_gᵀ`` of a group. The second derivative is approximated by the average
        information ``yᵀ P D_k P D_l P y / 2``, the mean of observed and expected information, in which the traces of
        products of four matrices cancel.

        Source: Gilmour, Thompson and Cullis (1995), Average information REML, Biometrics 51, 1440–1450.
        """
        sizes = torch.from_numpy(logarithms[: self.count]).exp()
        features = self._scaled(logarithms)
        precision, log_size = self._precision((sizes @ self._shapes)[_APART], features)
        weighted = precision @ self._level[..., None]  # (N, 168, 1)
        outer = weighted[..., 0].T @ weighted[..., 0]  # (168, 168)
        by_lag = torch.zeros(LAG_HOURS, dtype=torch.float64)
        by_lag.index_add_(0, _APART.flatten(), (precision.total - outer).flatten())  # a shape has one value per lag
        gradient = 0.5 * sizes * (self._shapes @ by_lag)  # (K,)
        shape_weighted = (self._shapes[:, _APART] @ weighted[..., 0].T).permute(2, 1, 0) * self._masks[self._which][
            ..., None
        ]
        directions = shape_weighted * sizes
        if self.groups:
            projected = features.flatten(0, 1).T @ weighted.flatten()  # (P,)
            information = (features * (precision @ features)).sum(dim=(0, 1))  # (P,) diagonal of Eᵀ P E
            of_group = torch.nn.functional.one_hot(self._group, self.groups).double()  # (P, G)
            gradient = torch.cat([gradient, 0.5 * of_group.T @ (information - projected**2)])
            directions = torch.cat([directions, features @ (projected[:, None] * of_group)], dim=2)
        flat = directions.flatten(0, 1)
        average = 0.5 * flat.T @ (precision @ directions).flatten(0, 1)
        value = 0.5 * float((self._level * weighted[..., 0]).sum() + log_size)
        return Expansion(
            value, gradient.numpy(), (average + gradient.diag()).numpy()
        )  # d²/d(log s)² = s² d²/ds² + s d/ds

    def coefficients(self, logarithms: Floats) -> Coefficients:
        """What the records tell of the coefficients, at (K + G,) logarithms of the variances.

        Source: Rasmussen and Williams (2006), eqs. 2.41 and 2.42.
        """
        sizes = torch.from_numpy(logarithms[: self.count]).exp()
        features = self._scaled(logarithms)
        precision, _ = self._precision((sizes @ self._shapes)[_APART], features)
        joined = torch.cat([self._modes, features], dim=2)
        scale = torch.ones(joined.shape[2], dtype=torch.float64)
        scale[self._modes.shape[2] :] = self._scale(logarithms)
        mean = joined.flatten(0, 1).T @ (precision @ self._level[..., None]).flatten()
        information = joined.flatten(0, 1).T @ (precision @ joined).flatten(0, 1)
        covariance = torch.eye(scale.numel(), dtype=torch.float64) - information
        return Coefficients((scale * mean).numpy(), (scale[:, None] * covariance * scale).numpy())

    def _scale(self, logarithms: Floats) -> Tensor:
        """(P,) prior standard deviation of each coefficient of the response."""
        return torch.from_numpy(0.5 * logarithms[self.count :]).exp()[self._group]

    def _scaled(self, logarithms: Floats) -> Tensor:
        """(N, 168, P) features, times the prior standard deviation of their coefficients."""
        return self._features * self._scale(logarithms) if self.groups else self._features

    def _precision(self, residual_covariance: Tensor, features: Tensor) -> tuple["_Precision", Tensor]:
        """P, by the matrix inversion lemma, and log |Σ|, for residuals with this covariance (168, 168) [m2]."""
        pairs = self._masks[:, :, None] * self._masks[:, None]  # (M, 168, 168)
        noisy = residual_covariance + READING_NOISE**2 * torch.eye(LAG_HOURS) + self._errors[:, _APART]
        root = torch.linalg.cholesky(noisy * pairs + torch.diag_embed(1 - self._masks))
        inverse = torch.cholesky_inverse(root) * pairs
        each = inverse[self._which]  # (N, 168, 168)
        modes = torch.cat([self._modes, features], dim=2)
        solved = (each @ modes).flatten(0, 1)  # (N · 168, R + P)
        inner = torch.eye(solved.shape[1], dtype=torch.float64) + modes.flatten(0, 1).T @ solved
        inner_root = torch.linalg.cholesky(inner)
        shared = torch.linalg.solve_triangular(inner_root.T, solved, upper=True, left=False)  # (N · 168, R + P)
        log_root = root.diagonal(dim1=1, dim2=2).log().sum(dim=1)[self._which].sum() + inner_root.diagonal().log().sum()
        return _Precision(each, shared.reshape(*modes.shape)), 2 * log_root


@dataclass(frozen=True, eq=False)
class _Precision:
    """P = blocks − shared sharedᵀ, of all segments together.

    Attributes:
        blocks: (N, 168, 168) [m-2].
        shared: (N, 168, R + P) [m-1].
    """

    blocks: Tensor
    shared: Tensor

    def __matmul__(self, columns: Tensor) -> Tensor:
        """(N, 168, C) → (N, 168, C)."""
        projected: Tensor = self.shared.flatten(0, 1).T @ columns.flatten(0, 1)  # (R + P, C)
        return self.blocks @ columns - self.shared @ projected

    @property
    def total(self) -> Tensor:
        """(168, 168) sum over the segments of their diagonal blocks."""
        rows = self.shared.transpose(0, 1).flatten(1)  # (168, N · (R + P))
        return self.blocks.sum(dim=0) - rows @ rows.T


@dataclass(frozen=True, eq=False)
class _Segments:
    """A record in pieces of 168 hours, those with a reading.

    Attributes:
        level: (N, 168), 0 where missing; ``seen``: mask.
        modes, features: (N, 168, R) and (N, 168, P), 0 where missing.
    """

    level: Floats
    seen: npt.NDArray[np.bool_]
    modes: Floats
    features: Floats = field(repr=False)

    @classmethod
    def of(cls, record: Record, *, own: bool) -> "_Segments":
        """Cut a record.

        Args:
            own: whether the readings have the error of the own tide.

        Raises:
            RefusedByTheory: no reading.
        """
        seen = np.isfinite(record.level)
        if not seen.any():
            raise RefusedByTheory("the record has no reading: its covariance cannot be estimated")
        first = int(seen.argmax())
        missing = -(record.level.size - first) % LAG_HOURS

        def cut(values: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
            padded = np.pad(values[first:], [(0, missing), *[(0, 0)] * (values.ndim - 1)])
            return padded.reshape(len(padded) // LAG_HOURS, LAG_HOURS, *values.shape[1:])

        masks = cut(seen.astype(float)) > 0
        kept = np.flatnonzero(masks.any(axis=1))
        if len(kept) > MAX_SEGMENTS:
            kept = kept[np.linspace(0, len(kept) - 1, MAX_SEGMENTS).astype(int)]
        masks = masks[kept]
        there = masks[..., None]
        modes = cut(record.modes)[kept].astype(float) * there
        features = np.where(there, cut(record.features)[kept], 0.0)
        return cls(
            cut(np.where(seen, record.level, 0.0))[kept].astype(float), masks, modes if own else 0 * modes, features
        )
