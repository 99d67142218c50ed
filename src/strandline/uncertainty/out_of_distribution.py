"""Out-of-distribution test: does a study area resemble the coasts that teacher and students were trained on?

Every coast is described by a few features a stream. The score of a coast is its mean distance to its nearest
neighbours; the score becomes a conformal p-value: if the study area were one more draw of the same distribution, its
score would be the largest of n + 1 with probability 1/(n + 1), whatever the distribution. Each observed stream is one
test; the p-values are adjusted for their number.

Source: Laxhammar and Falkman (2010), Conformal prediction for distribution-independent anomaly detection; Bates,
Candès, Lei, Romano and Sesia (2023), Testing for outliers with conformal p-values; Holm (1979) for multiple tests.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from strandline.errors import InputError, RefusedByTheory
from strandline.models.batch import Batch
from strandline.observations.arrays import Floats

TRAINING_COASTS = Path(__file__).parent / "data" / "training_coasts.json"
NEIGHBOURS = 5
NAMED = 2
"""Features of a stream that a warning names."""
FEATURE_HOURS = 200
"""Hours of issue from which the features of sea and climate are computed."""
LEVEL = 0.05
"""Probability of a false warning."""
Features = Mapping[str, Mapping[str, float]]
"""Stream → feature → value; a stream that was not observed has no key."""


@dataclass(frozen=True)
class Outlier:
    """A feature outside the range of the training coasts: its value, and that range."""

    feature: str
    value: float
    lowest: float
    highest: float

    def __str__(self) -> str:
        return f"{self.feature} {self.value:.2g}, training coasts {self.lowest:.2g} to {self.highest:.2g}"


@dataclass(frozen=True)
class OutOfDistribution:
    """Comparison of a study area with the training coasts.

    Attributes:
        coasts: number of training coasts.
        p_values: stream → p-value, adjusted for the number of streams.
        outliers: stream → features outside the training range, the furthest first, of the streams whose p-value is at
            most ``LEVEL``.
    """

    coasts: int
    p_values: Mapping[str, float]
    outliers: Mapping[str, tuple[Outlier, ...]]

    @property
    def warning(self) -> str | None:
        """A plain warning; ``None`` where every stream resembles the training coasts."""
        if not self.outliers:
            return None
        parts = [f"{stream} ({_list_outliers(outliers)})" for stream, outliers in self.outliers.items()]
        return (
            f"This study area differs from the {self.coasts} simulated coasts that the networks were trained on, in "
            f"its {'; '.join(parts)}. Probabilities and intervals were checked only on the storms of this area; beyond "
            "the range of those storms, trust them less."
        )


def compare(site: Features, training: Mapping[str, Mapping[str, Floats]]) -> OutOfDistribution:
    """Test each stream of a study area against the training coasts.

    Args:
        site: features of the study area.
        training: stream → feature → (n,) its value at each training coast.

    Raises:
        RefusedByTheory: too few training coasts for a warning at ``LEVEL`` with this number of streams.
        InputError: a feature that the training coasts lack.
    """
    p_values, count = {}, 0
    for stream, features in site.items():
        if stream not in training or set(features) != set(training[stream]):
            raise InputError(f"features of {stream}", "are not those of the training coasts", "compute these again")
        reference = np.stack([training[stream][name] for name in features], axis=1)  # (n, features)
        count = len(reference)
        p_values[stream] = conformal_p_value(np.array(list(features.values())), reference)
    needed = round(len(site) / LEVEL) - 1
    if count < needed:
        raise RefusedByTheory(
            f"{count} training coasts cannot warn at {LEVEL:.0%} of {len(site)} streams; need {needed} or more"
        )
    adjusted = holm(p_values)
    return OutOfDistribution(
        count,
        adjusted,
        {stream: _outliers(site[stream], training[stream]) for stream, p in adjusted.items() if p <= LEVEL},
    )


def conformal_p_value(site: Floats, training: Floats) -> float:
    """Conformal p-value that a study area (features,) is one more draw of the training coasts (n, features).

    The share of all n + 1 coasts whose mean distance to their `NEIGHBOURS` nearest is not smaller than that of the
    study area. All coasts are treated alike, the study area included, so that P(p ≤ α) ≤ α under the null hypothesis.
    """
    points = np.concatenate([training, site[None]])
    spread = points.std(axis=0)
    points = (points - points.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    distance = np.sqrt(((points[:, None] - points[None]) ** 2).sum(-1))
    np.fill_diagonal(distance, np.inf)
    score = np.sort(distance, axis=1)[:, :NEIGHBOURS].mean(axis=1)
    return float((score >= score[-1] - 1e-12).mean())


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """P-values adjusted so that under the null hypothesis P(any ≤ α) ≤ α; in their order."""
    adjusted, highest = {}, 0.0
    for rank, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[name]))
        adjusted[name] = highest
    return {name: adjusted[name] for name in p_values}


def load_training_coasts(path: Path = TRAINING_COASTS) -> dict[str, dict[str, Floats]]:
    """Stream → feature → (n,) values at the coasts that the shipped networks were trained on."""
    stored = json.loads(path.read_text(encoding="utf-8"))["features"]
    return {
        stream: {name: np.array(values, dtype=float) for name, values in features.items()}
        for stream, features in stored.items()
    }


def features_of_site(storms: Batch, hours: Batch) -> dict[str, dict[str, float]]:
    """Features of a study area, by stream.

    Args:
        storms: teacher inputs of some storms, with terrain; ``hours``: gauges and climate at hours drawn at random.
    """
    features = {"sea": _sea(hours), "ground": _ground(storms)}
    if storms.radar is not None:
        features |= _pixels("radar", storms, ("VV", "VH", "dry VV", "dry VH"), "dB")
    if storms.optical is not None:
        features |= _pixels("optical", storms, ("green", "near infrared", "shortwave infrared"), "reflectance")
    if hours.climate is not None and hours.climate_seen is not None:
        days = hours.climate[hours.climate_seen].double().numpy()  # (days, channels)
        if len(days):
            features["climate"] = {
                "pressure, mean [hPa − 1013]": float(days[:, 0].mean()),
                "pressure, spread [hPa]": float(days[:, 0].std()),
                "onshore wind, spread [m/s]": float(days[:, 1].std()),
                "strongest wind, mean [m/s]": float(days[:, 4].mean()),
            }
    return features


def _sea(hours: Batch) -> dict[str, float]:
    surge, seen = hours.gauge[:, 0] - hours.tide, hours.gauge_seen[:, 0]
    both = seen[:, 1:] & seen[:, :-1]
    if not bool(both.any()):
        raise InputError("own gauge", "has no reading in any of the sampled hours", "give readings")
    above = surge[seen].double().numpy()
    return {
        "tide, spread [m]": float(hours.tide.double().std()),
        "surge, spread [m]": float(above.std()),
        "surge, 99 % point [m]": float(np.quantile(above, 0.99)),
        "surge, change in an hour [m]": float((surge[:, 1:] - surge[:, :-1])[both].double().std()),
    }


def _ground(storms: Batch) -> dict[str, float]:
    terrain, seen = (tensor[0] for tensor in storms.pair("terrain"))
    land = storms.land[0]
    elevation, sill, _, distance = terrain.double()
    steps = [
        elevation.diff(dim=dim)[land.narrow(dim, 1, land.shape[dim] - 1) & land.narrow(dim, 0, land.shape[dim] - 1)]
        for dim in (0, 1)
    ]
    low, middle, high = np.quantile(elevation[land].numpy(), (0.1, 0.5, 0.9))
    return {
        "share of permanent water": float((seen & ~land).double().mean() / seen.double().mean()),
        "elevation, 10 % point [m]": float(low),
        "elevation, median [m]": float(middle),
        "elevation, 90 % point [m]": float(high),
        "step between cells, median [m]": float(torch.cat(steps).abs().median()),
        "sill above the ground, mean [m]": float((sill - elevation)[land].mean()),
        "distance to the sea, 90 % point [km]": float(np.quantile(distance[land].numpy(), 0.9)),
    }


def _pixels(stream: str, storms: Batch, channels: tuple[str, ...], unit: str) -> dict[str, dict[str, float]]:
    """Median and spread of each channel over land; empty where no cell was observed."""
    values, seen = storms.pair(stream)
    seen = seen & storms.land
    if not bool(seen.any()):
        return {}
    cells: Tensor = values.movedim(1, -1)[seen].double()  # (cells, C)
    middle, spread = cells.median(dim=0).values, cells.std(dim=0)
    features = {f"{name}, median [{unit}]": float(value) for name, value in zip(channels, middle, strict=True)}
    return {stream: features | {f"{n}, spread [{unit}]": float(v) for n, v in zip(channels, spread, strict=True)}}


def _outliers(site: Mapping[str, float], training: Mapping[str, Floats]) -> tuple[Outlier, ...]:
    """Features outside the training range, the furthest first."""
    ranges = {name: (float(values.min()), float(values.max())) for name, values in training.items()}

    def excess(name: str) -> float:
        """Distance beyond the range, in units of its width."""
        lowest, highest = ranges[name]
        return max(lowest - site[name], site[name] - highest) / max(highest - lowest, 1e-12)

    beyond = sorted((name for name in site if excess(name) > 0), key=excess, reverse=True)
    return tuple(Outlier(name, site[name], *ranges[name]) for name in beyond)


def _list_outliers(outliers: tuple[Outlier, ...]) -> str:
    if not outliers:
        return "no single feature, but their combination"
    rest = f" and {len(outliers) - NAMED} more" if len(outliers) > NAMED else ""
    return ", ".join(map(str, outliers[:NAMED])) + rest
