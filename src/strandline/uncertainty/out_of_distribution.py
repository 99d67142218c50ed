"""Is this place like those that teacher and students were taught on? A test by stream, and a plain warning.

Every coast is summed up by a few traits a stream. How strange a place is among the taught coasts is the distance to its
nearest neighbours; how strange that is, a conformal p-value: were the place one more draw of the same kind, it would be
the strangest of n + 1 only once in n + 1 times, whatever the traits are distributed like. Each stream that is there is
one test, so that the p-values are adjusted for their number.

Source: Laxhammar and Falkman (2010), Conformal prediction for distribution-independent anomaly detection; Bates,
Candès, Lei, Romano and Sesia (2023), Testing for outliers with conformal p-values; Holm (1979) for many tests.
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
from strandline.observations.sea_level.forecast_window import CONTEXT_HOURS

TAUGHT = Path(__file__).parent / "data" / "training_coasts.json"
NEIGHBOURS = 5
NAMED = 2
"""Traits of a stream that a warning names."""
FEATURE_HOURS = 200
"""Hours of issue that sum up the sea and climate of a place."""
LEVEL = 0.05
"""Chance of any warning at a coast like the taught ones."""
Traits = Mapping[str, Mapping[str, float]]
"""Stream → trait → its value; a stream that the place lacks has no key."""


@dataclass(frozen=True)
class Outlier:
    """A trait outside of what was taught: its value at the place, and the range over the taught coasts."""

    trait: str
    value: float
    lowest: float
    highest: float

    def __str__(self) -> str:
        return f"{self.trait} {self.value:.2g}, taught {self.lowest:.2g} to {self.highest:.2g}"


@dataclass(frozen=True)
class OutOfDistribution:
    """How a place compares with the taught coasts.

    Attributes:
        coasts: how many were taught.
        p_values: stream → p-value, adjusted for the number of streams.
        strange: stream → traits outside of the taught range, the furthest first, of the streams whose p-value is at
            most ``LEVEL``.
    """

    coasts: int
    p_values: Mapping[str, float]
    strange: Mapping[str, tuple[Outlier, ...]]

    @property
    def warning(self) -> str | None:
        """One plain sentence or two; ``None`` where every stream is like the taught ones."""
        if not self.strange:
            return None
        parts = [f"{stream} ({_told(traits)})" for stream, traits in self.strange.items()]
        return (
            f"This place is unlike the {self.coasts} simulated coasts that the networks were taught on, by its "
            f"{'; '.join(parts)}. Probabilities and intervals were checked on the place's own storms alone; where those"
            " do not reach, trust them less."
        )


def compare(place: Traits, taught: Mapping[str, Mapping[str, Floats]]) -> OutOfDistribution:
    """Test each stream of a place against the taught coasts.

    Args:
        taught: stream → trait → (n,) its value at each taught coast.

    Raises:
        RefusedByTheory: too few taught coasts for any warning at ``LEVEL`` with so many streams.
        InputError: a trait of the place that the taught coasts lack.
    """
    p_values, count = {}, 0
    for stream, traits in place.items():
        if stream not in taught or set(traits) != set(taught[stream]):
            raise InputError(f"traits of {stream}", "are not those of the taught coasts", "describe these anew")
        known = np.stack([taught[stream][name] for name in traits], axis=1)  # (n, traits)
        count = len(known)
        p_values[stream] = strangeness(np.array(list(traits.values())), known)
    needed = round(len(place) / LEVEL) - 1
    if count < needed:
        raise RefusedByTheory(
            f"{count} taught coasts cannot warn at {LEVEL:.0%} of {len(place)} streams; need {needed} or more"
        )
    adjusted = holm(p_values)
    return OutOfDistribution(
        count,
        adjusted,
        {stream: _outside(place[stream], taught[stream]) for stream, p in adjusted.items() if p <= LEVEL},
    )


def strangeness(place: Floats, taught: Floats) -> float:
    """Conformal p-value that a place (traits,) is one more of the taught coasts (n, traits).

    The share of all n + 1 coasts whose mean distance to their `NEIGHBOURS` nearest is not smaller than that of the
    place. Every coast is treated alike, the place included, so that P(p ≤ α) ≤ α where it is a draw of the same kind.
    """
    points = np.concatenate([taught, place[None]])
    spread = points.std(axis=0)
    points = (points - points.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    distance = np.sqrt(((points[:, None] - points[None]) ** 2).sum(-1))
    np.fill_diagonal(distance, np.inf)
    score = np.sort(distance, axis=1)[:, :NEIGHBOURS].mean(axis=1)
    return float((score >= score[-1] - 1e-12).mean())


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """P-values adjusted so that the chance of any one at most α, with nothing strange, is at most α; in their order."""
    adjusted, highest = {}, 0.0
    for rank, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[name]))
        adjusted[name] = highest
    return {name: adjusted[name] for name in p_values}


def load_training_coasts(path: Path = TAUGHT) -> dict[str, dict[str, Floats]]:
    """Stream → trait → (n,) values at the coasts that the shipped networks were taught on."""
    stored = json.loads(path.read_text(encoding="utf-8"))["traits"]
    return {
        stream: {name: np.array(values, dtype=float) for name, values in traits.items()}
        for stream, traits in stored.items()
    }


def features_of_place(storms: Batch, windows: Batch) -> dict[str, dict[str, float]]:
    """What sums up a place, by stream.

    Args:
        storms: the teacher's view of some storms, with terrain; ``windows``: of hours drawn at random.
    """
    found = {"sea": _sea(windows), "ground": _ground(storms)}
    if storms.radar is not None and storms.radar_seen is not None:
        found |= _pixels("radar", storms.radar, storms.radar_seen & storms.land, ("VV", "VH", "dry VV", "dry VH"), "dB")
    if storms.optical is not None and storms.optical_seen is not None:
        bands = ("green", "near infrared", "shortwave infrared")
        found |= _pixels("optical", storms.optical, storms.optical_seen & storms.land, bands, "reflectance")
    if windows.climate is not None and windows.climate_seen is not None:
        days = windows.climate[windows.climate_seen].double().numpy()  # (days, channels)
        if len(days):
            found["climate"] = {
                "pressure, mean [hPa − 1013]": float(days[:, 0].mean()),
                "pressure, spread [hPa]": float(days[:, 0].std()),
                "onshore wind, spread [m/s]": float(days[:, 1].std()),
                "strongest wind, mean [m/s]": float(days[:, 4].mean()),
            }
    return found


def _sea(windows: Batch) -> dict[str, float]:
    tide = windows.tide[:, :CONTEXT_HOURS]
    surge, seen = windows.gauge[:, 0] - tide, windows.gauge_seen[:, 0]
    both = seen[:, 1:] & seen[:, :-1]
    if not bool(both.any()):
        raise InputError("own gauge", "was silent in every hour that was looked at", "give readings")
    above = surge[seen].double().numpy()
    return {
        "tide, spread [m]": float(tide.double().std()),
        "surge, spread [m]": float(above.std()),
        "surge, 99 % point [m]": float(np.quantile(above, 0.99)),
        "surge, change in an hour [m]": float((surge[:, 1:] - surge[:, :-1])[both].double().std()),
    }


def _ground(storms: Batch) -> dict[str, float]:
    assert storms.terrain is not None
    assert storms.terrain_seen is not None
    seen, terrain, land = storms.terrain_seen[0], storms.terrain[0].double(), storms.land[0]
    elevation, sill, _, distance = terrain
    steps = [
        (grid.diff(dim=dim)[land.narrow(dim, 1, land.shape[dim] - 1) & land.narrow(dim, 0, land.shape[dim] - 1)]).abs()
        for dim, grid in ((0, elevation), (1, elevation))
    ]
    low, middle, high = np.quantile(elevation[land].numpy(), (0.1, 0.5, 0.9))
    return {
        "share of permanent water": float((seen & ~land).double().mean() / seen.double().mean()),
        "elevation, 10 % point [m]": float(low),
        "elevation, median [m]": float(middle),
        "elevation, 90 % point [m]": float(high),
        "step between cells, median [m]": float(torch.cat(steps).median()),
        "sill above the ground, mean [m]": float((sill - elevation)[land].mean()),
        "distance to the sea, 90 % point [km]": float(np.quantile(distance[land].numpy(), 0.9)),
    }


def _pixels(
    stream: str, values: Tensor, seen: Tensor, channels: tuple[str, ...], unit: str
) -> dict[str, dict[str, float]]:
    """Median and spread of each channel over land; nothing where no cell was seen."""
    if not bool(seen.any()):
        return {}
    cells = values.movedim(1, -1)[seen].double()  # (cells, C)
    middle, spread = cells.median(dim=0).values, cells.std(dim=0)
    traits = {f"{name}, median [{unit}]": float(value) for name, value in zip(channels, middle, strict=True)}
    return {stream: traits | {f"{n}, spread [{unit}]": float(v) for n, v in zip(channels, spread, strict=True)}}


def _outside(place: Mapping[str, float], taught: Mapping[str, Floats]) -> tuple[Outlier, ...]:
    ranges = {name: (float(values.min()), float(values.max())) for name, values in taught.items()}

    def excess(name: str) -> float:
        """How far beyond the range, in units of its width."""
        lowest, highest = ranges[name]
        return max(lowest - place[name], place[name] - highest) / max(highest - lowest, 1e-12)

    beyond = sorted((name for name in place if excess(name) > 0), key=excess, reverse=True)
    return tuple(Outlier(name, place[name], *ranges[name]) for name in beyond)


def _told(traits: tuple[Outlier, ...]) -> str:
    if not traits:
        return "no trait alone, but all together"
    rest = f" and {len(traits) - NAMED} more" if len(traits) > NAMED else ""
    return ", ".join(map(str, traits[:NAMED])) + rest
