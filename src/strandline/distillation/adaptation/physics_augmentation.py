"""Physics augmentation: simulated storms above all mapped ones."""

import math
from dataclasses import replace

import numpy as np
import torch
from torch.nn import functional

from strandline.distillation.adaptation.data import AdaptationData
from strandline.distillation.training.loop import Progress
from strandline.distillation.waterlines.archive_streams import attach_archive, attach_whole_archive
from strandline.distillation.waterlines.effective_elevation import RESPONSE
from strandline.distillation.waterlines.flood_archive import EXTRAPOLATION_MARGIN, FloodArchive, waterline_bounds
from strandline.distillation.waterlines.peak_levels import peak_levels
from strandline.errors import InputError
from strandline.models.batch import FLOOD_CLASSES, Batch
from strandline.models.terrain_features import terrain_features_of
from strandline.observations.arrays import Floats
from strandline.observations.observations import Observations
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.variables import DEPTH_EDGES
from strandline.observations.weather.storm_waves import set_up_at
from strandline.simulator.coast import HOURS_AFTER, HOURS_BEFORE
from strandline.simulator.design_storms import StormDesigner, storm_designer
from strandline.simulator.hydrodynamics import inundation
from strandline.simulator.hydrodynamics.basin import Basin
from strandline.simulator.hydrodynamics.forcing import Forcing
from strandline.simulator.radar_archive import solver_terrain, within_bounds
from strandline.simulator.sea.sea import STORM_PEAK_HOUR

AUGMENTATION_STEP = 0.25
"""Spacing of the peaks of simulated storms [m]."""


def add_physics_augmentation(data: AdaptationData, storms: Batch) -> AdaptationData:
    """Add simulated storms, far above all mapped ones, to the archive that students use.

    An archive holds no information on sea levels above its highest storm, and thresholds chosen on weak storms alone do
    not hold in strong ones. Near the mapped levels nothing changes.

    Args:
        storms: with simulated depth classes as targets.
    """
    if data.archive is None:
        raise InputError("physics augmentation", "the study area has no flood archive", "leave it out")
    if storms.flood_class is None or storms.flood_valid is None:
        raise InputError("physics augmentation", "the storms have no depth classes", "give those of a simulation")
    certain = functional.one_hot(storms.flood_class, FLOOD_CLASSES).movedim(-1, 1).float()  # (R, K, H, W)
    probability = ((1 - RESPONSE.lapse) * certain + RESPONSE.lapse / FLOOD_CLASSES) * storms.flood_valid[:, None]
    level, spread = peak_levels(storms)
    mapped = data.archive
    margin = mapped.bound_margin
    inflow, inflow_seen = mapped.inflow, mapped.inflow_seen
    if inflow is not None and inflow_seen is not None:  # nothing is known of the rain and rivers of a simulated storm
        unknown = inflow.new_zeros(len(storms), inflow.shape[1])
        inflow, inflow_seen = torch.cat([inflow, unknown]), torch.cat([inflow_seen, unknown > 0])
    archive = replace(
        mapped,
        class_probability=torch.cat([mapped.class_probability, probability]),
        level=torch.cat([mapped.level, level]),
        level_sd=torch.cat([mapped.level_sd, spread]),
        physics_augmented=len(storms),
        bound_margin=None if margin is None else torch.cat([margin, 0 * level]),
        inflow=inflow,
        inflow_seen=inflow_seen,
    )
    other_storms = ~torch.eye(len(archive), dtype=torch.bool)
    return replace(
        data,
        calibration=attach_whole_archive(data.calibration, archive),
        archive=archive,
        physics_augmented=attach_archive(storms, archive, other_storms[len(mapped) :]),
    )


def simulate_extremes(
    observations: Observations,
    designer: StormDesigner,
    peaks: Floats,
    bounds: tuple[Floats, Floats],
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> Batch:
    """Simulate the floods of design storms, as targets, on the known terrain.

    The terrain is the elevation product, clipped to the bounds from past floods: a cell that stayed dry at a sea level
    is at least that high, a cell that was wet is at most that high. A dry cell behind an embankment becomes ground as
    high as the sea level that it withstood: when that is overtopped, the flood's extent is right and its depth too
    small. Waves lift the sea at the shore; they did so in past floods as well, so that the bounds rise with it.

    Args:
        peaks: (E,) peak sea levels of the storms [m, region datum].
        bounds: (H, W) lowest and highest effective elevation [m above mean sea level], infinite where unbounded.
        rng: draws tide and shape of each storm.
        progress: called with the fraction done.

    Source: local-inertial shallow water, see ``inundation``.
    """
    storms = [designer.draw(peaks[i : i + 1], rng) for i in range(len(peaks))]
    lowest, highest = (bound + designer.mean_sea_level for bound in bounds)
    lowest, highest = (bound + set_up_at(observations.waves, bound) for bound in (lowest, highest))
    terrain = within_bounds(solver_terrain(observations, float(peaks.max())), lowest, highest)
    span = slice(STORM_PEAK_HOUR - HOURS_BEFORE, STORM_PEAK_HOUR + HOURS_AFTER + 1)
    level = np.concatenate([storm.level for storm in storms])[:, span]
    level = level + set_up_at(observations.waves, level.max(axis=1))[:, None]
    flood = inundation.inundate(
        Basin(terrain.bed, terrain.roughness, terrain.cell_size, terrain.open_boundary),
        Forcing(np.arange(level.shape[1], dtype=np.float64) * 3600.0, level),
        initial_level=level[:, 0],
        initially_dry=terrain.land,
        progress=progress,
    )
    depth = flood.max_depth
    known = ~np.isnan(depth)
    ground = terrain_features_of(observations.region, observations.terrain, designer.mean_sea_level)
    batch = ground.attach_to(Batch.concatenate([storm.seen for storm in storms]))
    assert batch.terrain_seen is not None
    return replace(
        batch,
        flood_class=torch.from_numpy(np.digitize(np.where(known, depth, 0.0), DEPTH_EDGES)),
        flood_valid=torch.from_numpy(known) & batch.terrain_seen,
    )


def bounds_of_ground(archive: FloodArchive) -> tuple[Floats, Floats]:
    """(H, W) lowest and highest effective elevation by the storms of the sea that were mapped [m above mean sea level].

    Infinite where there is none.
    """
    mapped = torch.arange(len(archive)) < len(archive) - archive.physics_augmented
    bounds = waterline_bounds(archive, (mapped & archive.of_the_sea)[None])
    lowest, highest = (bound[0].double().numpy() for bound in bounds)
    return lowest, highest


def augment_with_extremes(
    data: AdaptationData,
    observations: Observations,
    sea_level: SeaLevelModel,
    highest: float,
    rng: np.random.Generator,
    progress: Progress | None,
) -> AdaptationData:
    """Add simulated storms to the data where sea levels far above the archive have to be mapped.

    Args:
        highest: highest sea level that is mapped [m, region datum].
    """
    if data.archive is None:
        return data
    designer = storm_designer(observations, sea_level)
    mapped = data.archive.highest + designer.mean_sea_level
    if highest - mapped <= EXTRAPOLATION_MARGIN:
        return data
    peaks = np.linspace(mapped, highest, 1 + math.ceil((highest - mapped) / AUGMENTATION_STEP))[1:]
    storms = simulate_extremes(observations, designer, peaks, bounds_of_ground(data.archive), rng, progress)
    return add_physics_augmentation(data, storms)
