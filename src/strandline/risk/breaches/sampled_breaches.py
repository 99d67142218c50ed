"""Breaches of the known embankments of a place: strengths drawn for each stretch, and the flood behind each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from strandline.models.terrain_features import sea_of
from strandline.observations.arrays import Floats
from strandline.observations.exposure.assets import UNKNOWN_CONDITION
from strandline.observations.observations import Observations
from strandline.observations.weather.storm_waves import StormWaves, set_up_at
from strandline.risk.breaches.flood_behind import FloodBehind, simulate_flood_behind
from strandline.risk.breaches.fragility import Fragility, draw_strengths
from strandline.risk.breaches.protected_areas import ProtectedArea, find_protected_areas
from strandline.risk.breaches.stretches import Stretch, find_stretches, stretch_of_cells
from strandline.risk.hazard.hazard import BREACHES, NEW_CRESTS, Hazard
from strandline.simulator.design_storms import StormDesigner
from strandline.simulator.sea.sea import STORM_PEAK_HOUR

SIMULATED_LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Quantiles of all mapped sea levels at which floods are simulated [-]."""
DRAWN_SHAPES = 9
"""Storms of which the one that stays high the longest is simulated: an upper bound of what a breach lets in."""
HOURS_BEFORE, HOURS_AFTER = 6, 13
"""Of the peak that are simulated: until the next high water, which comes in as well."""
KNOWN_SHARE = 0.5
"""Share of the faces before an area whose crest has to be known, so that its floods are simulated."""
CORRELATION = 0.5
"""Of the strengths of two stretches of one line [-]: built alike and kept alike. An assumption."""
STRENGTHS = 200
"""Draws of all strengths from which chances are counted."""


@dataclass(frozen=True, eq=False)
class Breaches:
    """Embankments of a place, with draws of the level at which each of K stretches fails.

    Attributes:
        stretches: K, those with a simulated area behind.
        toes: (K) stated, or ground beside them [m, region datum].
        strength: (S, K) standard normal, one draw for each sample of the maps, at every sea the same.
        strengths: (``STRENGTHS``, K) more of them, for chances.
        luck: (S, areas) even from 0 to 1 in each area, one for each sample of the maps.
        floods: of each area behind; their stretches count in the order of these.
        learned: whether the networks learned from floods that embankments of this place held back or let through. Else
            their maps know no embankment.
        waves: which lift the sea before the stretches; ``None`` = none are known.
    """

    stretches: tuple[Stretch, ...]
    toes: tuple[float, ...]
    strength: Floats
    strengths: Floats
    luck: Floats
    floods: tuple[FloodBehind, ...]
    learned: bool
    waves: StormWaves | None = None

    def fragility(self, number: int, condition: str) -> Fragility:
        """That of the stretch of this number in a condition, in levels of the sea before it."""
        return Fragility.of(self.stretches[number].crest, condition, self.toes[number])

    def before_stretches(self, level: Floats) -> Floats:
        """The sea before the stretches in storms of some peaks at the gauge [m, region datum]."""
        return level + set_up_at(self.waves, level)

    def level_in(self, number: int, condition: str, strength: Floats) -> Floats:
        """(…, K) → (…) peak at the gauge at which the stretch of this number fails in a condition [m, region datum]."""
        level = self.fragility(number, condition).failure_level(strength[..., number])
        return level if self.waves is None else self.waves.at_gauge(level)

    def failure_levels(self, strength: Floats, condition: str | None = None) -> Floats:
        """(…, K) sea level at which each stretch fails [m, region datum], in its own condition or all in one."""
        every = enumerate(self.stretches)
        return np.stack([self.level_in(n, condition or each.condition, strength) for n, each in every], axis=-1)

    @property
    def states_a_condition(self) -> bool:
        """Whether somebody stated the condition of any stretch."""
        return any(each.condition != UNKNOWN_CONDITION for each in self.stretches)

    @property
    def sentence(self) -> str:
        """What maps, damage and plan hold of breaches."""
        count, length = len(self.stretches), sum(each.length for each in self.stretches)
        stated = sum(each.condition != UNKNOWN_CONDITION for each in self.stretches)
        if self.learned and not stated:
            return BREACHES
        if self.learned:
            return (
                "Embankments breach in the flood maps as the networks learned it from floods of this place, on average."
                f" Somebody stated the condition of {stated} of {count} stretches: behind them the chance of a flood is"
                " that average times what a general curve, which nobody tested on these embankments, gives for the"
                f" stated condition, over what it gives for an unknown one. {NEW_CRESTS}"
            )
        unseen = f" Nobody stated the condition of {count - stated} of them: good, fair and poor are equally likely."
        return (
            "No map of the networks knows an embankment of this place, since no radar saw its floods. Behind"
            f" {length:.1f} km of embankments the maps hold simulated breaches instead: each of {count} stretches fails"
            " at a sea level of its own in each sample, drawn by its crest and condition from a general curve that"
            f" nobody tested on these embankments.{unseen if stated < count else ''} Elsewhere they know none."
            f" {NEW_CRESTS}"
        )


def simulate_breaches(
    observations: Observations, designer: StormDesigner, hazards: Sequence[Hazard], rng: np.random.Generator
) -> Breaches | None:
    """Embankments of a place and the floods behind them; ``None`` where no line of known crest protects land.

    A surveyed crest is that of the lowest point of a line: there alone the sea flows over it. The ground behind is the
    elevation product as it is: bounds from past floods would make a polder that stayed dry as high as the sea that it
    withstood. Solves: one a stretch and 2 × `SIMULATED_LEVELS` for each area at most, within it alone.

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
    mapped = np.concatenate([each.levels.ravel() for each in hazards])
    of_cell = stretch_of_cells(lines, region)
    highest = mapped.max(keepdims=True)
    highest = highest + set_up_at(observations.waves, highest)
    areas = find_protected_areas(ground, sea_of(region, terrain), of_cell, float(highest[0]))
    areas = [area for area in areas if is_known[area.faces.stretch].mean() >= KNOWN_SHARE]
    if not areas:
        return None
    numbers = np.unique(np.concatenate([area.stretches for area in areas]))
    storms = _highest_for_longest(designer, _apart(np.quantile(mapped, SIMULATED_LEVELS)), rng)
    is_land = terrain["permanent_water"].values.ravel() <= 0.5
    toes = {int(number): _toe(lines[number], int(number), areas, ground) for number in numbers}
    floods = []
    for area in areas:
        crests = np.array([lines[number].crest for number in area.stretches])
        flood = simulate_flood_behind(
            area, np.where(np.isnan(crests), np.inf, crests), ground, region.cell_size, storms, designer.mean_sea_level,
            observations.waves, min(toes[int(number)] for number in area.stretches),
        )  # fmt: skip
        flood = replace(flood, stretches=np.searchsorted(numbers, flood.stretches))
        floods.append(flood.on_cells(is_land[flood.cells]))
    stretches, samples = tuple(lines[number] for number in numbers), len(hazards[0].levels)
    of_line = np.unique([each.line for each in stretches], return_inverse=True)[1]
    return Breaches(
        stretches,
        tuple(toes.values()),
        draw_strengths(of_line, samples, CORRELATION, rng),
        draw_strengths(of_line, STRENGTHS, CORRELATION, rng),
        np.stack([(rng.permutation(samples) + 0.5) / samples for _ in areas], axis=1),
        tuple(floods),
        _networks_saw_embankments(observations),
        observations.waves,
    )


def _networks_saw_embankments(observations: Observations) -> bool:
    """Whether a radar saw floods of the place as it is; one that is simulated on its terrain sees no embankment."""
    source, terrain = (observations.provenance.get(name) for name in ("sar", "terrain"))
    if source is None:
        return False
    return source.kind == "real" or (terrain is not None and terrain.kind == "simulated")


def _apart(levels: Floats) -> Floats:
    """Levels that ascend by a centimetre at least [m]."""
    step = 0.01 * np.arange(len(levels))
    return np.asarray(np.maximum.accumulate(levels - step) + step)


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
