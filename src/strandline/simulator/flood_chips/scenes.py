"""Labelled flood scenes that were simulated: what scene networks are pre-trained on before they see a real one.

**What they are.** One seed is one event: some chips of one climate, each with a landscape of its own, floods by levels,
and images of Sentinel-1 and Sentinel-2 before and after. The label is the true water, permanent water included, under
plants too.

**What is physics.** Backscatter of soil, crops, trees and houses and its change with incidence; water under wind;
double bounce over flooded plants and walls; speckle of correlated looks; thermal noise and its removal; reflectance of
clear and silty water; sources stand beside the numbers.

**What is assumed.** Shapes and shares of the landscape; how many fields change between the images; that smooth sand and
tarmac are as dark as they are; that water found its level (no flow is solved); that clouds are as large as they are.
Ranges are wide so that real places lie among them. Eight chips of Sen1Floods11 and eighteen events of OMBRIA were
looked at for contrasts, correlation of speckle and kinds of confusion. The share of dark dry ground was reduced once,
towards the 5th percentile of land there (−17 to −12 dB), after trees that had learnt from an earlier version found too
little water on those eight chips: scores on just these are not blind.

**What is not in them.** Snow and frozen ground, ice, currents and waves, tides between the images, forests on slopes,
cities with streets, layover of buildings, orbits that differ between the images, labels drawn by people.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import ndimage

from strandline.observations.arrays import Floats, SingleFloats
from strandline.observations.flood_scenes.scene import DRY, WET, FloodScene, LabelledScene
from strandline.simulator.flood_chips import optical_images, radar_images
from strandline.simulator.flood_chips.flood import draw_flood, permanent_depth, receded
from strandline.simulator.flood_chips.landscape import Climate, Landscape, draw_climate, draw_landscape, smooth_noise
from strandline.simulator.flood_chips.radar_images import draw_weather
from strandline.simulator.flood_chips.surface import draw_surfaces

WET_DEPTH = 0.05
"""[m] From which a cell is labelled as water."""
_POINTS = 8


@dataclass(frozen=True)
class SceneConfig:
    """What is drawn.

    Attributes:
        chips: of each event; ``cells``: along the edge of a chip.
        relative: share of events whose radar images are scaled image by image, VV alone, as 8 bits.
        cloudy: share of optical images with cloud; ``coarse``: of those after the flood that have coarse pixels.
        filtered: share of events whose radar was smoothed over 3 × 3 cells.
    """

    chips: int = 8
    cells: int = 128
    relative: float = 0.35
    cloudy: float = 0.5
    coarse: float = 0.25
    filtered: float = 0.2


def simulate_flood_scenes(seed: int, config: SceneConfig | None = None) -> list[LabelledScene]:
    """The chips of one simulated event; the same seed gives the same chips."""
    config = config or SceneConfig()
    rng = np.random.default_rng([seed, 24])
    climate = draw_climate(rng)
    cell_size = float(rng.choice([10.0, 20.0]))
    orbit = float(rng.uniform(31.0, 43.0)), float(rng.choice([0.0, np.pi]) + rng.normal(0.0, 0.2))
    filtered, relative = rng.random() < config.filtered, rng.random() < config.relative
    chips = []
    for number in range(config.chips):
        own = np.random.default_rng([seed, 24, number])
        chip = _draw(f"{seed}-{number}", f"simulated {seed}", climate, cell_size, orbit, config, own)
        if filtered:
            chip = replace(chip, scene=_filtered(chip.scene))
        chips.append(scaled_by_image(chip) if relative else chip)
    return chips


def scaled_by_image(chip: LabelledScene) -> LabelledScene:
    """The same chip with each radar image scaled from its least to its greatest dB, VV alone, in 254 steps."""
    images: dict[str, Any] = {}
    for name in ("radar_before", "radar_after"):
        image = getattr(chip.scene, name)
        if image is not None:
            low, high = np.nanmin(image[0]), np.nanmax(image[0])
            steps = np.round(254.0 * (image[0] - low) / max(float(high - low), 1e-6)) / 255.0
            images[name] = np.stack([steps, np.full_like(steps, np.nan)]).astype(np.float32)
    return replace(chip, scene=replace(chip.scene, radar_unit="relative", **images))


def _draw(
    name: str, event: str, climate: Climate, cell_size: float, orbit: tuple[float, float], config: SceneConfig,
    rng: np.random.Generator,
) -> LabelledScene:  # fmt: skip
    landscape = draw_landscape(climate, (config.cells, config.cells), cell_size, rng)
    before, after = draw_surfaces(landscape, float(rng.beta(1.0, 3.0)), rng)
    dry, flood = permanent_depth(landscape), draw_flood(landscape, rng)
    calm, storm = draw_weather(False, rng), draw_weather(True, rng)
    optical_depth = flood if rng.random() < 0.6 else receded(flood, landscape, float(rng.uniform(0.0, 0.8)))

    def cloud() -> float:
        return float(rng.uniform(0.1, 0.6)) if rng.random() < config.cloudy else 0.0

    scene = FloodScene(
        cell_size,
        radar_images.observe(landscape, before, dry, calm, *orbit, rng),
        radar_images.observe(landscape, after, flood, storm, *orbit, rng),
        "dB",
        optical_images.observe(landscape, before, dry, 0.5 * cloud(), False, rng),
        optical_images.observe(landscape, after, optical_depth, cloud(), rng.random() < config.coarse, rng),
        points=_points(flood, rng),
        elevation=_elevation_product(landscape, rng),
        permanent_water=landscape.water.astype(np.float32),
    )
    return LabelledScene(name, event, scene, np.where(flood >= WET_DEPTH, WET, DRY).astype(np.int8), "water")


def _points(flood: Floats, rng: np.random.Generator) -> SingleFloats:
    """(H, W) eight cells whose state somebody saw."""
    points = np.full(flood.shape, np.nan, dtype=np.float32)
    chosen = rng.choice(flood.size, _POINTS, replace=False)
    points.flat[chosen] = (flood.flat[chosen] >= WET_DEPTH).astype(np.float32)
    return points


def _elevation_product(landscape: Landscape, rng: np.random.Generator) -> SingleFloats:
    """Ground smoothed over 30 m, with correlated error of 1 m; water is flat. Source: Hawker et al. (2019)."""
    length = 30.0 / landscape.cell_size
    ground = ndimage.gaussian_filter(np.where(landscape.water, 0.0, landscape.elevation), length)
    return np.asarray(ground + smooth_noise(ground.shape, 3.0 * length, rng), dtype=np.float32)


def _filtered(scene: FloodScene) -> FloodScene:
    """Power averaged over 3 × 3 cells, as speckle filters do to plain ground."""
    images: dict[str, Any] = {
        name: (10.0 * np.log10(ndimage.uniform_filter(10 ** (image / 10.0), (0, 3, 3)))).astype(np.float32)
        for name in ("radar_before", "radar_after")
        if (image := getattr(scene, name)) is not None
    }
    return replace(scene, **images)
