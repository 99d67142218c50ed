"""Simulated coasts: the streams of the networks, the truth, and the difficulty of the task."""

import hashlib
import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from benchmarks.delta.bathtub import connected_bathtub
from strandline.distillation.pretraining.archive_sampling import degrade_radar
from strandline.distillation.pretraining.simulated_coasts import EXTREME_ABOVE_DESIGN
from strandline.models.batch import Batch
from strandline.models.batching import build_storm_batch
from strandline.observations.arrays import Floats, Indices, Mask
from strandline.observations.observations import Observations
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.sea_level.surge.residual_process import fit_sea_level_model
from strandline.observations.variables import DEPTH_EDGES
from strandline.observations.weather.storms import AFTER_PEAK, BEFORE_PEAK, Storm
from strandline.simulator.coast import simulate_under_sensors
from strandline.simulator.sensors.gauges import SensorQuality
from strandline.uncertainty.metrics import overlap_counts, pooled_iou

CONTENT = " ".join(Batch.__dataclass_fields__)
"""Fields of a cached coast; a cache with other fields is not read."""


@dataclass(frozen=True, eq=False)
class SimulatedCoast:
    """One coast with E storms, ordered by time.

    Attributes:
        seed: of the coast.
        storms: all streams, with the truth as targets.
        survey: (E, H, W) depth class as surveyed; ``surveyed``: (E, H, W) where.
        level: (E,) true peak level [m above mean sea level]; ``design``: of its embankments.
        elevation: (H, W) true ground [m above mean sea level].
        breached: (E, H, W) embankment cells that breached.
    """

    seed: int
    storms: Batch
    survey: Tensor
    surveyed: Tensor
    level: Floats
    design: float
    elevation: Floats
    breached: Mask

    @property
    def extreme(self) -> Mask:
        """(E,) storms above the extreme mark; the shipped networks were trained below it."""
        return np.asarray(self.level > self.design + EXTREME_ABOVE_DESIGN)

    @cached_property
    def land(self) -> Tensor:
        """(H, W) scored cells: known ground that is not permanent water."""
        return self.storms[:1].land[0]

    @cached_property
    def flooded(self) -> Tensor:
        """(E, H, W) truth."""
        return self.storms.require("flood_class") > 0

    def under_bad_radar(self) -> "SimulatedCoast":
        """The same coast with radar of four looks and without a dry reference."""
        return replace(self, storms=degrade_radar(self.storms, torch.Generator().manual_seed(self.seed)))


CLEAR_SKY = 1e-6
"""Mean cover of clouds that hides no cell [-]; a beta distribution has no mean of 0."""


def simulate(
    seed: int, events: int, years: float, size: int, cache: Path | None = None, *, compound: bool = False
) -> SimulatedCoast:
    """Simulate a coast, or read it from ``cache``.

    Args:
        compound: whether rain and a river flood it as well.
    """
    if compound:
        path = _cached("compound", seed, events, years, size, cache)
        if path is not None and path.exists():
            return _unpack(torch.load(path, weights_only=False))
        simulated = _simulate(seed, events, years, size, compound=True)[0]
        _keep(_pack(simulated), path)
        return simulated
    path = _cached("coast", seed, events, years, size, cache)
    if path is not None and path.exists():
        return _unpack(torch.load(path, weights_only=False))
    return simulate_with_clear_views(seed, events, years, size, cache)[0]


def simulate_with_clear_views(
    seed: int, events: int, years: float, size: int, cache: Path | None = None
) -> tuple[SimulatedCoast, tuple[Tensor, Tensor]]:
    """Simulate a coast, or read it from ``cache``, with the optical views of its storms under a clear sky.

    Returns:
        The coast; and (E, 3, H, W) the same scenes at the same hours, with the same noise and resolution, without a
        cloud, and (E, H, W) where they saw: the best views of these floods that a record can hold.
    """
    paths = [_cached(what, seed, events, years, size, cache) for what in ("coast", "clear")]
    if all(path is not None and path.exists() for path in paths):
        coast, clear = (torch.load(path, weights_only=False) for path in paths if path is not None)
        return _unpack(coast), clear
    simulated = _simulate(seed, events, years, size)
    _keep(_pack(simulated[0]), paths[0])
    _keep(simulated[1], paths[1])
    return simulated


def _cached(what: str, seed: int, events: int, years: float, size: int, cache: Path | None) -> Path | None:
    """File of the cache; its name depends on all that decides the content."""
    key = hashlib.sha256(f"{CONTENT} {seed} {events} {years} {size}".encode()).hexdigest()[:12]
    return None if cache is None else cache / f"{what}-{seed}-{key}.pt"


def _keep(content: object, path: Path | None) -> None:
    """Write a file of the cache, whole or not at all; other processes may write the same."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        torch.save(content, partial)
        partial.replace(path)


def _simulate(
    seed: int, events: int, years: float, size: int, *, compound: bool = False
) -> tuple[SimulatedCoast, tuple[Tensor, Tensor]]:
    name = f"coast {seed}"
    sensors = (SensorQuality(), SensorQuality(cloud_cover=CLEAR_SKY))
    coast, under_clear_sky = simulate_under_sensors(
        name,
        seed,
        sensors,
        shape=(size, size),
        years=years,
        n_storms=events,
        n_surveys=events,
        compound=compound,
    )
    truth = coast.require("truth")
    storms = storms_in(truth)
    sea_level = _sea_level_model(coast, storms)
    batch = build_storm_batch(coast, storms, sea_level, "truth").without("assets", "damage")
    survey = build_storm_batch(coast, storms, sea_level, "survey")
    mean = float(truth.attrs["mean_sea_level"])
    simulated = SimulatedCoast(
        seed,
        batch,
        *survey.pair("flood_class"),
        truth["peak_level"].values - mean,
        float(truth.attrs["design_level"]) - mean,
        truth["elevation"].values - mean,
        truth["breached"].values,
    )
    return simulated, build_storm_batch(under_clear_sky, storms, sea_level, "survey").pair("optical")


def storms_in(truth: xr.Dataset) -> list[Storm]:
    """All storms of a simulated coast, observed by its gauge or not."""
    return [
        Storm(peak - BEFORE_PEAK, peak, peak + AFTER_PEAK, float(level))
        for peak, level in zip(truth["time"].values, truth["peak_level"].values, strict=True)
    ]


def _sea_level_model(coast: Observations, storms: list[Storm]) -> SeaLevelModel:
    """Sea-level model of three years without their storms."""
    gauge = coast.require_gauge()
    time, level = gauge["time"].values, gauge["water_level"].values[0] - float(gauge["mean_sea_level"].values[0])
    for storm in storms:
        level[(time >= storm.start - BEFORE_PEAK) & (time <= storm.end + BEFORE_PEAK)] = np.nan
    days = slice(0, 24 * 1100)
    latitude = float(gauge["latitude"].values[0])
    return fit_sea_level_model(time[days], level[days], latitude, name=coast.region.name, source="own record")


@dataclass(frozen=True)
class Difficulty:
    """Whether a coast is difficult enough; checked against the gates of the summary.

    Attributes:
        elevation_error: root mean square error of the elevation product over land [m].
        breaches_differ: share of storm pairs with different breaches.
        bathtub_product, bathtub_true: pooled IoU of the connected bathtub on the product and on the true terrain.
    """

    elevation_error: float
    breaches_differ: float
    bathtub_product: float
    bathtub_true: float


def difficulty_of(coast: SimulatedCoast) -> Difficulty:
    """The difficulty of the coast's normal storms, as far as it needs no network."""
    land = coast.land.numpy()
    error = (coast.storms.require("terrain")[0, 0].numpy() - coast.elevation)[land]
    normal = np.flatnonzero(~coast.extreme)
    pairs = [(coast.breached[a] != coast.breached[b]).any() for i, a in enumerate(normal) for b in normal[:i]]
    return Difficulty(
        float(np.sqrt((error**2).mean())),
        float(np.mean(pairs)),
        *(bathtub_iou(coast, normal, terrain, connected=True) for terrain in ("product", "true")),
    )


def bathtub_maps(coast: SimulatedCoast, index: Indices, terrain: str, *, connected: bool) -> Mask:
    """(n, H, W) cells that still water at the true peak level floods, on the ``product`` or the ``true`` terrain."""
    product = coast.storms.require("terrain")[0]
    ground = coast.elevation if terrain == "true" else product[0].numpy().astype(float)
    water = product[2].numpy() > 0.5
    if connected:
        return np.stack([connected_bathtub(ground, water, level) for level in coast.level[index]])
    return np.stack([(level - ground >= DEPTH_EDGES[0]) & ~water for level in coast.level[index]])


def bathtub_iou(coast: SimulatedCoast, index: Indices, terrain: str, *, connected: bool) -> float:
    """Pooled IoU over some storms."""
    truth = coast.flooded[index].numpy()
    maps = bathtub_maps(coast, index, terrain, connected=connected)
    return pooled_iou(overlap_counts(maps, truth, np.broadcast_to(coast.land.numpy(), truth.shape)))


def _pack(coast: SimulatedCoast) -> dict[str, object]:
    parts = {name: getattr(coast, name) for name in SimulatedCoast.__dataclass_fields__}
    return {**parts, "storms": {name: tensor for name, tensor in vars(coast.storms).items() if tensor is not None}}


def _unpack(parts: dict[str, object]) -> SimulatedCoast:
    return SimulatedCoast(**{**parts, "storms": Batch(**parts["storms"])})  # type: ignore[arg-type]
