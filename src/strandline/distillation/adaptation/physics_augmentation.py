"""Physics augmentation: simulated extremes above everything that was mapped."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch.nn import functional

from strandline.distillation.adaptation.data import AdaptationData
from strandline.distillation.training.loop import Progress
from strandline.distillation.waterlines import (
    EXTRAPOLATION_MARGIN,
    RESPONSE,
    attach_archive,
    attach_whole_archive,
    peak_levels,
    waterline_bounds,
)
from strandline.models.batch import DEPTH_EDGES, FLOOD_CLASSES, Batch, concatenate
from strandline.models.terrain_features import ground_of
from strandline.observations.arrays import Floats
from strandline.observations.observations import Observations
from strandline.observations.sea_level.model import SeaLevelModel
from strandline.simulator.coast import HOURS_AFTER, HOURS_BEFORE
from strandline.simulator.design_storms import StormDesigner, designer_of
from strandline.simulator.hydrodynamics import inundation
from strandline.simulator.radar_archive import terrain_of
from strandline.simulator.sea.sea import STORM_PEAK_HOUR

REHEARSAL_STEP = 0.25
"""Spacing of rehearsed storms [m]."""


def add_physics_augmentation(course: AdaptationData, storms: Batch) -> AdaptationData:
    """The same course, whose students also remember storms that physics has rehearsed, far above all that were mapped.

    Memory cannot tell of a sea that nobody has seen, physics can; and thresholds that were chosen on weak storms
    alone do not hold in strong ones. Near what was mapped nothing changes.

    Args:
        storms: with physics' depth classes as targets.
    """
    assert course.archive is not None
    assert storms.flood_class is not None
    assert storms.flood_valid is not None
    sure = functional.one_hot(storms.flood_class, FLOOD_CLASSES).movedim(-1, 1).float()  # (R, K, H, W)
    word = ((1 - RESPONSE.lapse) * sure + RESPONSE.lapse / FLOOD_CLASSES) * storms.flood_valid[:, None]
    level, spread = peak_levels(storms)
    past = course.archive
    archive = replace(
        past,
        class_probability=torch.cat([past.class_probability, word]),
        level=torch.cat([past.level, level]),
        level_sd=torch.cat([past.level_sd, spread]),
        physics_augmented=len(storms),
    )
    all_but_own = ~torch.eye(len(archive), dtype=torch.bool)
    return replace(
        course,
        calibration=attach_whole_archive(course.calibration, archive),
        archive=archive,
        physics_augmented=attach_archive(storms, archive, all_but_own[len(past) :]),
    )


def simulate_extremes(
    observations: Observations,
    designer: StormDesigner,
    peaks: Floats,
    bounds: tuple[Floats, Floats],
    rng: np.random.Generator,
    progress: Callable[[float], None] | None = None,
) -> Batch:
    """Design storms with the floods that physics gives them, as targets, on the ground as far as it is known.

    The ground is the elevation product between two bounds: where past floods show that a cell stayed dry at a higher
    sea, or was wet at a lower one, they are believed. A dry cell behind an embankment so becomes ground as high as the
    sea that it withstood: when that is overtopped the flood's extent is right and its depth too small.

    Args:
        peaks: (E,) of the storms [m, region datum].
        bounds: (H, W) lowest and highest effective elevation [m above mean sea level], infinite where nothing bounds.
        rng: draws tide and shape of each storm.
        progress: called now and then with the fraction done.

    Source: local-inertial shallow water, see ``inundation``.
    """
    storms = [designer.draw(peaks[i : i + 1], rng) for i in range(len(peaks))]
    terrain = terrain_of(observations, float(peaks.max()))
    lowest, highest = (bound + designer.mean_sea_level for bound in bounds)
    land = terrain.land
    bed = np.where(land, np.clip(terrain.bed, np.minimum(lowest, highest), highest), terrain.bed)
    span = slice(STORM_PEAK_HOUR - HOURS_BEFORE, STORM_PEAK_HOUR + HOURS_AFTER + 1)
    level = np.concatenate([storm.level for storm in storms])[:, span]
    flood = inundation.inundate(
        inundation.Basin(bed, terrain.roughness, terrain.cell_size, terrain.open_boundary),
        np.arange(level.shape[1], dtype=np.float64) * 3600.0,
        level,
        initial_level=level[:, 0],
        initially_dry=land,
        progress=progress,
    )
    depth = flood.max_depth
    known = ~np.isnan(depth)
    ground = ground_of(observations.region, observations.terrain, designer.mean_sea_level)
    batch = ground.under(concatenate([storm.seen for storm in storms]))
    assert batch.terrain_seen is not None
    return replace(
        batch,
        flood_class=torch.from_numpy(np.digitize(np.where(known, depth, 0.0), DEPTH_EDGES)),
        flood_valid=torch.from_numpy(known) & batch.terrain_seen,
    )


def augment_with_extremes(
    course: AdaptationData,
    observations: Observations,
    sea_level: SeaLevelModel,
    highest: float,
    rng: np.random.Generator,
    progress: Progress | None,
) -> AdaptationData:
    """The course with rehearsed storms, where maps are asked of seas far above all that the archive holds.

    Args:
        highest: sea level that is mapped [m, region datum].
    """
    if course.archive is None:
        return course
    designer = designer_of(observations, sea_level)
    seen = course.archive.highest + designer.mean_sea_level
    if highest - seen <= EXTRAPOLATION_MARGIN:
        return course
    peaks = np.linspace(seen, highest, 1 + math.ceil((highest - seen) / REHEARSAL_STEP))[1:]
    whole = torch.ones(1, len(course.archive), dtype=torch.bool)
    dry_at, wet_at = (bound[0].double().numpy() for bound in waterline_bounds(course.archive, whole))
    storms = simulate_extremes(observations, designer, peaks, (dry_at, wet_at), rng, progress)
    return add_physics_augmentation(course, storms)
