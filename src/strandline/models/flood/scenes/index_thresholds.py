"""Water by thresholds of radar backscatter and of water indices: the baseline, and a mapper that needs no training."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from scipy import ndimage

from strandline.errors import InputError
from strandline.models.flood.scenes.images.otsu import classes_of_image
from strandline.models.flood.scenes.scene_map import NO_IMAGE, SceneMap
from strandline.observations.arrays import Mask, SingleFloats
from strandline.observations.flood_scenes.scene import RADAR_BANDS, FloodScene

STATED_DB = {"vv": -16.0, "vh": -23.0}
"""[dB] Threshold where no part of an image shows water and land. An assumption, on the side of few false alarms: calm
water lies near −20 and −27 dB, land mostly above −14 and −20 dB."""
PLAUSIBLE_DB = {"vv": (-22.0, -10.0), "vh": (-29.0, -16.0)}
"""[dB] Between which a threshold of water lies; what is found outside separates two kinds of land. An assumption."""
STATED_WIDTH_DB = 1.0
DROP, DROP_WIDTH = 3.0, 1.5
"""[dB] By how much a flood makes land darker, halfway; an assumption: half of the power."""
STRONGEST_CHANGE = 1.0
"""[log odds] What a change tells at most: water that was there before does not change."""
INDEX_WIDTH = 0.08
"""[-] Of a water index about its threshold of 0: 0.24 above it water is certain to 95 %. An assumption."""
ODDS_AT_MEAN = float(np.log(19.0))
"""The mean of a class is in it with 95 %. An assumption."""
STRONGEST = float(np.log(99.0))
"""[log odds] What one image tells at most: 99 %."""
FOUND, STATED, CHANGE = "found", "stated", "change"
"""In names of radar members: where the threshold comes from, and whether the image before counts."""
SEEN = 0.95
"""Probability of the state of a cell that somebody saw. An assumption: positions and times are inexact."""


@dataclass(frozen=True)
class Threshold:
    """Where a radar band's water ends.

    Attributes:
        level: values below it are water; ``width``: over which one log odd changes; both in the band's unit.
        is_found: in the image; else it is the stated one.
    """

    level: float
    width: float
    is_found: bool


@dataclass(frozen=True)
class IndexThresholds:
    """Maps water by thresholds; no part of it is trained.

    - *Radar*: each band below its threshold, in the image averaged over 3 × 3 cells: Otsu's of those parts of the image
      that show both water and land, else a stated one.
    - *Change*: a drop of VV against the image before makes water likelier, none makes it less likely.
    - *Optical*: MNDWI and NDWI above 0.
    - *Points*: what people saw.

    The log odds of the bands of one sensor are averaged, those of two sensors are added.

    Attributes:
        thresholds: radar band → its threshold; empty = those of the scene that is mapped.

    Source: NDWI: McFeeters (1996), Int. J. Remote Sensing 17(7), 1425–1432; MNDWI: Xu (2006), Int. J. Remote Sensing
    27(14), 3025–3033.
    """

    thresholds: dict[str, Threshold] = field(default_factory=dict)

    def of_region(self, sample: FloodScene) -> Self:
        """The same with the thresholds of these parts of a region."""
        if sample.radar_after is None:
            return self
        smooth = {name: smoothed(band) for name, band in zip(RADAR_BANDS, sample.radar_after, strict=True)}
        found = {
            name: find_threshold(name, band, decibel=sample.radar_unit == "dB")
            for name, band in smooth.items()
            if np.isfinite(band).any()
        }
        return replace(self, thresholds={name: each for name, each in found.items() if each is not None})

    def map(self, scene: FloodScene, progress: Callable[[float], None] | None = None) -> SceneMap:
        """Map one scene of any size.

        Raises:
            InputError: no layer that shows water.
        """
        fitted = self if self.thresholds else self.of_region(scene)
        radar, optical = fitted.radar_members(scene), optical_members(scene)
        sensors = [found for found in (radar, optical) if found]
        if not sensors and scene.points is None:
            raise InputError("flood scene", *NO_IMAGE)
        odds = np.zeros(scene.shape, np.float32)
        is_seen = np.zeros(scene.shape, bool)
        for members in sensors:
            mean, shown = _mean_where_known(list(members.values()))
            odds, is_seen = odds + np.where(shown, mean, 0.0), is_seen | shown
        probability = np.where(is_seen, as_probability(np.clip(odds, -STRONGEST, STRONGEST)), np.nan)
        each = [as_probability(member) for members in sensors for member in members.values()]
        spread = np.where(is_seen, _deviation(each), np.nan) if each else np.full(scene.shape, np.nan)
        names = [name for members in sensors for name in members]
        if scene.points is not None:
            known = np.isfinite(scene.points)
            probability = np.where(known, np.where(scene.points > 0.5, SEEN, 1 - SEEN), probability)
            spread = np.where(known, 0.0, spread)
            names.append("points")
        if progress is not None:
            progress(1.0)
        return SceneMap(
            probability.astype(np.float32), spread.astype(np.float32), 0.5, tuple(names), _streams(scene, names)
        )

    def radar_members(self, scene: FloodScene) -> dict[str, SingleFloats]:
        """Member → its log odds (H, W) of water; NaN = not seen."""
        if scene.radar_after is None:
            return {}
        members: dict[str, SingleFloats] = {}
        for name, band in zip(RADAR_BANDS, scene.radar_after, strict=True):
            threshold = self.thresholds.get(name)
            if threshold is not None and np.isfinite(band).any():
                origin = FOUND if threshold.is_found else STATED
                odds = (threshold.level - smoothed(band)) / threshold.width
                members[f"{name}_{origin}"] = np.clip(odds, -STRONGEST, STRONGEST)
        if not members or scene.radar_before is None or scene.radar_unit != "dB":
            return members
        drop = smoothed(scene.radar_before[0]) - smoothed(scene.radar_after[0])
        change = STRONGEST_CHANGE * np.tanh((drop - DROP) / (2 * DROP_WIDTH))
        if not np.isfinite(change).any():
            return members
        changed = {name: odds + np.where(np.isnan(change), 0.0, change) for name, odds in members.items()}
        return {f"{name}_{CHANGE}": odds.astype(np.float32) for name, odds in changed.items()}


def optical_members(scene: FloodScene) -> dict[str, SingleFloats]:
    """Water index → its log odds (H, W) of water; NaN = cloud, or not observed."""
    if scene.optical_after is None:
        return {}
    green, near_infrared, shortwave_infrared = scene.optical_after
    indices = {"mndwi": (green, shortwave_infrared), "ndwi": (green, near_infrared)}
    odds = {name: normalised_difference(*bands) / INDEX_WIDTH for name, bands in indices.items()}
    return {
        name: np.clip(each, -STRONGEST, STRONGEST).astype(np.float32)
        for name, each in odds.items()
        if np.isfinite(each).any()
    }


def find_threshold(name: str, band: SingleFloats, *, decibel: bool) -> Threshold | None:
    """The threshold of a radar band (H, W), smoothed; ``None`` = none can be stated for scaled images."""
    found = classes_of_image(band)
    if found is not None and not (decibel and not _is_plausible(name, found.threshold)):
        return Threshold(found.threshold, max((found.high - found.low) / (2 * ODDS_AT_MEAN), 1e-6), is_found=True)
    return Threshold(STATED_DB[name], STATED_WIDTH_DB, is_found=False) if decibel else None


def smoothed(band: SingleFloats) -> SingleFloats:
    """(H, W) mean over the known ones of 3 × 3 cells, against speckle; NaN stays NaN."""
    known = np.isfinite(band)
    total = ndimage.uniform_filter(np.where(known, band, 0.0).astype(np.float64), 3, mode="nearest")
    share = ndimage.uniform_filter(known.astype(np.float64), 3, mode="nearest")
    mean = np.divide(total, share, out=np.full(band.shape, np.nan), where=known)
    return np.asarray(mean, dtype=np.float32)


def normalised_difference(first: SingleFloats, second: SingleFloats) -> SingleFloats:
    """(first − second) / (first + second); NaN where the sum is not above 0."""
    total = first + second
    is_defined = total > 0
    undefined = np.full(first.shape, np.nan, np.float32)
    return np.asarray(np.divide(first - second, total, out=undefined, where=is_defined), dtype=np.float32)


def as_probability(odds: SingleFloats) -> SingleFloats:
    """Probability of log odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-odds)), dtype=np.float32)


def _is_plausible(name: str, level: float) -> bool:
    low, high = PLAUSIBLE_DB[name]
    return low <= level <= high


def _mean_where_known(members: list[SingleFloats]) -> tuple[SingleFloats, Mask]:
    stacked = np.stack(members)
    known = np.isfinite(stacked)
    count = known.sum(axis=0)
    total = np.where(known, stacked, 0.0).sum(axis=0)
    return np.divide(total, count, out=np.zeros(total.shape, np.float32), where=count > 0), count > 0


def _deviation(members: list[SingleFloats]) -> SingleFloats:
    """(H, W) standard deviation between the members that see a cell."""
    stacked = np.stack(members)
    mean, _ = _mean_where_known(members)
    variance, _ = _mean_where_known([(member - mean) ** 2 for member in stacked])
    return np.asarray(np.sqrt(variance), dtype=np.float32)


def _streams(scene: FloodScene, members: list[str]) -> tuple[str, ...]:
    """Layers of the scene that were used."""
    used = {
        "radar_before": any(name.endswith(CHANGE) for name in members),
        "radar_after": any(name.startswith(RADAR_BANDS) for name in members),
        "optical_after": any(name.endswith("ndwi") for name in members),
        "points": scene.points is not None,
    }
    return tuple(name for name, is_used in used.items() if is_used)
