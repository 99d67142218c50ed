"""Likelihood of residuals with gaps, an uncertain tide and a response to weather, given their covariance."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy.linalg import cho_solve, solve_triangular
from scipy.linalg.lapack import dtrtri

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Indices

LAG_HOURS = 168
"""Number of lags [h] of an autocovariance, and length of a segment of the record [h]."""
READING_NOISE = 0.003
"""Standard deviation [m] of a reading."""
MAX_SEGMENTS = 60
"""Segments used of a long record, evenly spread; more hardly change the estimate of 168 lags."""
_HOURS = np.arange(LAG_HOURS)
_APART = np.abs(np.subtract.outer(_HOURS, _HOURS))


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
        self._group = np.zeros(self.features, dtype=np.int64) if group is None else group
        self.count, self.groups = len(shapes), int(self._group.max()) + 1 if self.features else 0
        whose = np.repeat(np.arange(len(cuts)), [len(cut.level) for cut in cuts])
        keys = np.column_stack([whose, np.concatenate([cut.seen for cut in cuts])])
        kinds, which = np.unique(keys, axis=0, return_inverse=True)  # segments with equal gaps share a factorisation
        order = np.argsort(which.ravel(), kind="stable")
        ends = np.cumsum(np.bincount(which.ravel()))
        self._of_kind = [slice(end - size, end) for end, size in zip(ends, np.diff(ends, prepend=0), strict=True)]
        self._masks = kinds[:, 1:].astype(float)
        self._pairs = self._masks[:, :, None] * self._masks[:, None]  # (M, 168, 168)
        self._level = np.concatenate([cut.level for cut in cuts])[order]
        effects = [np.concatenate([cut.modes, cut.features], axis=2) for cut in cuts]
        self._effects = np.concatenate(effects)[order]  # (N, 168, R + P)
        self._tides = self._effects.shape[2] - self.features
        self._shapes = shapes
        # (168, 168 · K), so that a product with residuals by hour lies in memory by hour and shape
        self._correlations = np.ascontiguousarray(_toeplitz(shapes).transpose(1, 2, 0)).reshape(LAG_HOURS, -1)
        errors = [np.zeros(LAG_HOURS) if record.error is None else record.error for record in records]
        self._errors = np.stack(errors)[kinds[:, 0]]

    def expand(self, logarithms: Floats) -> Expansion:
        """Expansion of the −log likelihood, up to a constant, at (K + G,) logarithms of the variances.

        With ``C = Σ s_k K_k + noise``, the modes and scaled features E, ``Σ = C + E Eᵀ`` and the precision ``P = Σ⁻¹``,
        it is ``(yᵀ P y + log |Σ|) / 2``, and its gradient ``(tr P D − yᵀ P D P y) / 2`` with D the derivative of Σ:
        ``s_k K_k`` of a shape, ``E_g E_gᵀ`` of a group. The second derivative is approximated by the average
        information ``yᵀ P D_k P D_l P y / 2``, the mean of observed and expected information, in which the traces of
        products of four matrices cancel.

        Source: Gilmour, Thompson and Cullis (1995), Average information REML, Biometrics 51, 1440–1450.
        """
        sizes = np.exp(logarithms[: self.count])
        white = self._whiten(logarithms)
        left = white.apart_from_effects(white.level[..., None])[..., 0]  # (N, 168)
        weighted = self._each_kind(white.roots.transpose(0, 2, 1), left[..., None])[..., 0]  # P y, (N, 168)
        rest = self._summed_precision(white) - weighted.T @ weighted  # (168, 168)
        by_lag = np.bincount(_APART.ravel(), rest.ravel())  # a shape has one value per lag
        gradient = 0.5 * sizes * (self._shapes @ by_lag)  # (K,)
        by_shape = (weighted @ self._correlations).reshape(*weighted.shape, self.count)
        directions = self._each_kind(white.roots, by_shape) * sizes  # (N, 168, K)
        if self.groups:
            projected = _flat(white.effects[..., self._tides :]).T @ left.ravel()  # (P,)
            information = 1 - np.diag(white.remaining)[self._tides :]  # (P,) diagonal of Eᵀ P E
            of_group = (self._group[:, None] == np.arange(self.groups)).astype(float)  # (P, G)
            gradient = np.concatenate([gradient, 0.5 * of_group.T @ (information - projected**2)])
            along = white.effects[..., self._tides :] @ (projected[:, None] * of_group)
            directions = np.concatenate([directions, along], axis=2)
        flat = _flat(directions)
        across = _flat(white.shared).T @ flat  # (R + P, K + G)
        average = 0.5 * (flat.T @ flat - across.T @ across)
        value = 0.5 * (float((white.level * left).sum()) + white.log_size)
        return Expansion(value, gradient, average + np.diag(gradient))  # d²/d(log s)² = s² d²/ds² + s d/ds

    def coefficients(self, logarithms: Floats) -> Coefficients:
        """What the records tell of the coefficients, at (K + G,) logarithms of the variances.

        Source: Rasmussen and Williams (2006), eqs. 2.41 and 2.42.
        """
        white = self._whiten(logarithms)
        left = white.apart_from_effects(white.level[..., None])
        scale = self._scale(logarithms)
        mean = _flat(white.effects).T @ left.ravel()
        return Coefficients(scale * mean, scale[:, None] * white.remaining * scale)

    def _scale(self, logarithms: Floats) -> Floats:
        """(R + P,) prior standard deviation of each coefficient."""
        return np.concatenate([np.ones(self._tides), np.exp(0.5 * logarithms[self.count :])[self._group]])

    def _whiten(self, logarithms: Floats) -> "_Whitened":
        """The records in units in which the residual's own covariance C is the identity."""
        by_lag = np.exp(logarithms[: self.count]) @ self._shapes + self._errors  # (M, 168)
        by_lag[:, 0] += READING_NOISE**2
        covariances = _toeplitz(by_lag) * self._pairs
        covariances[:, _HOURS, _HOURS] += 1 - self._masks  # a missing hour is apart from all others
        factors = np.linalg.cholesky(covariances)
        roots = covariances  # of the same size
        for root, factor in zip(roots, factors, strict=True):
            root[:] = dtrtri(factor.T)[0].T  # LAPACK reads by column: the transposed factor needs no copy
        roots *= self._masks[:, None]
        effects = self._each_kind(roots, self._effects) * self._scale(logarithms)  # (N, 168, R + P)
        flat = _flat(effects)
        inner = np.linalg.cholesky(np.eye(effects.shape[2]) + flat.T @ flat)
        shared = solve_triangular(inner, flat.T, lower=True, check_finite=False).T.reshape(effects.shape)
        each = np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)  # (M,)
        sizes = [each[number] * (kind.stop - kind.start) for number, kind in enumerate(self._of_kind)]
        return _Whitened(
            roots,
            self._each_kind(roots, self._level[..., None])[..., 0],
            effects,
            shared,
            cho_solve((inner, True), np.eye(len(inner))),
            2 * float(sum(sizes) + np.log(np.diag(inner)).sum()),
        )

    def _each_kind(self, matrices: Floats, columns: Floats) -> Floats:
        """Products of a matrix for each kind of segment (M, 168, 168) with its segments of (N, 168, C)."""
        product = np.empty(columns.shape)
        for matrix, kind in zip(matrices, self._of_kind, strict=True):
            np.matmul(matrix, columns[kind], out=product[kind])
        return product

    def _summed_precision(self, white: "_Whitened") -> Floats:
        """(168, 168) sum over the segments of the diagonal blocks of P."""
        total = np.zeros((LAG_HOURS, LAG_HOURS))
        for root, kind in zip(white.roots, self._of_kind, strict=True):
            inner = (kind.stop - kind.start) * np.eye(LAG_HOURS)
            for shared in white.shared[kind]:
                inner -= shared @ shared.T
            total += root.T @ (inner @ root)
        return total


@dataclass(frozen=True, eq=False)
class _Whitened:
    """Records times the inverse Cholesky roots W of their residuals' covariance, ``Wᵀ W = C⁻¹``.

    With the effects ``F = W E``, their inner product ``A = 1 + Fᵀ F = L Lᵀ`` and ``S = F L⁻ᵀ``, the inversion lemma
    reads ``P = Wᵀ (1 − S Sᵀ) W``, and ``Eᵀ P E = 1 − A⁻¹``.

    Attributes:
        roots: (M, 168, 168) W of each kind of segment, 0 in missing rows and columns [m-1].
        level: (N, 168) W y; ``effects``: (N, 168, R + P) F; ``shared``: (N, 168, R + P) S.
        remaining: (R + P, R + P) A⁻¹, covariance of the coefficients given the records, in units of the prior's.
        log_size: log |Σ|.
    """

    roots: Floats
    level: Floats
    effects: Floats
    shared: Floats
    remaining: Floats
    log_size: float

    def apart_from_effects(self, columns: Floats) -> Floats:
        """``(1 − S Sᵀ)`` times columns (N, 168, C)."""
        flat, shared = _flat(columns), _flat(self.shared)
        return (flat - shared @ (shared.T @ flat)).reshape(columns.shape)


def _flat(columns: Floats) -> Floats:
    """(N, 168, C) → (N · 168, C)."""
    return columns.reshape(columns.shape[0] * columns.shape[1], columns.shape[2])


def _toeplitz(by_lag: Floats) -> Floats:
    """(…, 168) values by lag → (…, 168, 168) symmetric matrices, as a view."""
    both = np.concatenate([by_lag[..., :0:-1], by_lag], axis=-1)
    return sliding_window_view(both, LAG_HOURS, axis=-1)[..., ::-1, :]


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
