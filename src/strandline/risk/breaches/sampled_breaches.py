"""Breaches sampled into flood maps: where embankments are known, a simulated flood replaces the learned one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np

from strandline.models.terrain_features import sea_of
from strandline.observations.arrays import Floats, Indices
from strandline.observations.exposure.assets import UNKNOWN_CONDITION
from strandline.observations.observations import Observations
from strandline.risk.breaches.flood_behind import FloodBehind, simulate_flood_behind
from strandline.risk.breaches.fragility import Fragility, draw_strengths
from strandline.risk.breaches.protected_areas import ProtectedArea, find_protected_areas
from strandline.risk.breaches.stretches import Stretch, find_stretches, stretch_of_cells
from strandline.risk.hazard.hazard import FLOODED_DEPTH, NEW_CRESTS, Hazard
from strandline.simulator.design_storms import StormDesigner
from strandline.simulator.sea.sea import STORM_PEAK_HOUR

SIMULATED_LEVELS = 5
"""Peaks of the sea, evenly from the lowest to the highest that is mapped, at which each breach is simulated."""
DRAWN_SHAPES = 9
"""Storms of which the one that stays high the longest is simulated: an upper bound of what a breach lets in."""
HOURS_BEFORE, HOURS_AFTER = 6, 13
"""Of the peak that are simulated: until the next high water, which comes in as well."""
KNOWN_SHARE = 0.5
"""Share of the faces before an area whose crest has to be known, so that the simulation replaces the learned maps."""
CORRELATION = 0.5
"""Of the strengths of two stretches of one line [-]: built alike and kept alike. An assumption."""


@dataclass(frozen=True, eq=False)
class Breaches:
    """Embankments of a place, with S samples of the level at which each of K stretches fails.

    Attributes:
        stretches: K, those with a simulated area behind.
        toes: (K) stated, or ground beside them [m, region datum].
        strength: (S, K) standard normal, the same in all maps of a sample.
        floods: of each area behind; their stretches count in the order of these.
        learned: lines before areas whose crests are too little known: there the learned maps stand.
    """

    stretches: tuple[Stretch, ...]
    toes: tuple[float, ...]
    strength: Floats
    floods: tuple[FloodBehind, ...]
    learned: tuple[str, ...]

    @property
    def failure_levels(self) -> Floats:
        """(S, K) sea level at which each stretch fails [m, region datum]."""
        every = enumerate(self.stretches)
        return np.stack([self.level_in(number, each.condition) for number, each in every], axis=1)

    def level_in(self, number: int, condition: str) -> Floats:
        """(S,) sea level at which the stretch of this number fails in a condition [m, region datum]."""
        fragility = Fragility.of(self.stretches[number].crest, condition, self.toes[number])
        return fragility.failure_level(self.strength[:, number])

    @property
    def sentence(self) -> str:
        """What maps, damage and plan hold of breaches."""
        length = sum(each.length for each in self.stretches)
        vague = sum(each.condition == UNKNOWN_CONDITION for each in self.stretches)
        unseen = f" Nobody stated the condition of {vague} of them: good, fair and poor count as equally likely."
        return (
            f"Behind {length:.0f} km of embankments the maps hold breaches: each of {len(self.stretches)} stretches"
            " fails at a sea level of its own in each sample, drawn by its crest and condition from a general curve"
            " that nobody tested on these embankments, and the flood behind it is simulated."
            f"{unseen if vague else ''} Elsewhere embankments breach as the networks learned it, on average."
            f" {NEW_CRESTS}"
        )


def simulate_breaches(
    observations: Observations, designer: StormDesigner, hazards: Sequence[Hazard], rng: np.random.Generator
) -> Breaches | None:
    """Embankments of a place and the floods behind them; ``None`` where no line of known crest protects land.

    The ground behind is the elevation product as it is: bounds from past floods would make a polder that stayed dry as
    high as the sea that it withstood. Solves: one a stretch and 2 × `SIMULATED_LEVELS` for each area, within it alone.

    Args:
        designer: of the storms at the own gauge.
        hazards: all maps into which breaches are sampled, of the same samples.
        rng: draws storms and strengths.
    """
    region, terrain = observations.region, observations.terrain
    lines = find_stretches(observations.surveyed_assets, region)
    is_known = np.array([np.isfinite(each.crest) for each in lines], dtype=bool)
    if not is_known.any():
        return None
    ground = terrain["elevation"].values.astype(np.float64)
    lowest = min(float(each.levels.min()) for each in hazards)
    highest = max(float(each.levels.max()) for each in hazards)
    areas = find_protected_areas(ground, sea_of(region, terrain), stretch_of_cells(lines, region), highest)
    simulated = [area for area in areas if is_known[area.faces.stretch].mean() >= KNOWN_SHARE]
    if not simulated:
        return None
    numbers = np.unique(np.concatenate([area.stretches for area in simulated]))
    stretches = tuple(lines[number] for number in numbers)
    of_line = np.unique([each.line for each in stretches], return_inverse=True)[1]
    strength = draw_strengths(of_line, len(hazards[0].levels), CORRELATION, rng)
    storms = _highest_for_longest(designer, np.linspace(lowest, max(highest, lowest + 0.01), SIMULATED_LEVELS), rng)
    is_land = terrain["permanent_water"].values.ravel() <= 0.5
    floods = []
    for area in simulated:
        crests = np.array([lines[number].crest for number in area.stretches])
        flood = simulate_flood_behind(
            area, np.where(np.isnan(crests), np.inf, crests), ground, region.cell_size, storms, designer.mean_sea_level
        )
        flood = replace(flood, stretches=np.searchsorted(numbers, flood.stretches))
        floods.append(flood.on_cells(is_land[flood.cells]))
    toes = tuple(_toe(lines[number], int(number), areas, ground) for number in numbers)
    learned = {lines[number].line for area in areas for number in area.stretches if number not in numbers}
    return Breaches(
        stretches,
        toes,
        strength,
        tuple(floods),
        tuple(sorted(learned)),
    )


def _toe(stretch: Stretch, number: int, areas: Sequence[ProtectedArea], ground: Floats) -> float:
    """The stated toe of a stretch, or the middle of the ground next to it [m, region datum]."""
    if np.isfinite(stretch.toe):
        return stretch.toe
    cells = np.concatenate([area.faces.inside[area.faces.stretch == number] for area in areas])
    return float(np.median(ground[tuple(cells.T)]))


def _highest_for_longest(designer: StormDesigner, peaks: Floats, rng: np.random.Generator) -> Floats:
    """(G, T) hourly levels of storms with these peaks [m, region datum], of the drawn shape with most water."""
    span = slice(STORM_PEAK_HOUR - HOURS_BEFORE, STORM_PEAK_HOUR + HOURS_AFTER + 1)
    drawn = [designer.draw(peaks, rng).level[:, span] for _ in range(DRAWN_SHAPES)]
    return max(drawn, key=lambda level: float(level.sum()))


def with_breaches(hazard: Hazard, breaches: Breaches, assets: gpd.GeoDataFrame) -> Hazard:
    """The maps with sampled breaches: cells behind simulated embankments are wet where the sea came in, else dry.

    There P(flood) is the share of samples in which a stretch breached, or was overtopped, and water reached the cell;
    what the networks learned of breaches there is replaced, so that none counts twice. All other cells, permanent
    water and unknown ground stay as they are. The networks' damage states of assets behind embankments go.

    Args:
        hazard: of the same samples as the breaches.
        assets: those of the hazard's damage states.
    """
    depth = hazard.flood_depth.reshape(*hazard.levels.shape, -1).copy()
    behind = np.zeros(depth.shape[-1], dtype=bool)
    failure = breaches.failure_levels
    for flood in breaches.floods:
        behind[flood.cells] = True
        for sample, levels in enumerate(hazard.levels):
            own = failure[sample, flood.stretches]
            for period, level in enumerate(levels):
                depth[sample, period, flood.cells] = flood.depth(float(level), own <= level)
    depth = np.where(np.isnan(hazard.flood_depth), np.nan, depth.reshape(hazard.flood_depth.shape))
    changed = behind.reshape(hazard.region.shape) & ~np.isnan(depth).any(axis=(0, 1))
    share = (depth >= FLOODED_DEPTH).mean(axis=0)
    states = hazard.damage_states
    if states is not None:
        row, column = _cells_of(assets, hazard)
        stands_behind = (row >= 0) & changed[row, column]
        states = np.where(stands_behind[None, :, None], np.nan, states)
    return replace(
        hazard,
        flood_depth=depth.astype(np.float32),
        flood_probability=np.where(changed, share, hazard.flood_probability).astype(np.float32),
        flood_extent=np.where(changed, share >= 0.5, hazard.flood_extent).astype(np.float32),
        epistemic_sd=np.where(changed, np.sqrt(share * (1 - share)), hazard.epistemic_sd).astype(np.float32),
        damage_states=states,
        breaches=breaches.sentence,
    )


def _cells_of(assets: gpd.GeoDataFrame, hazard: Hazard) -> tuple[Indices, Indices]:
    """Row and column of each asset; −1 outside the region."""
    point = assets.geometry.representative_point()
    return hazard.region.cells_of(point.x.to_numpy(), point.y.to_numpy())
