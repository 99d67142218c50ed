"""Mechanisms of long-term measures: which numbers each needs, and how it changes hazard, exposure or vulnerability.

A measure of the catalogue names one of ``MECHANISMS``. A new mechanism is one function and one entry there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from strandline.observations.exposure.assets import ASSET_CLASSES
from strandline.planning.investment.baseline import Baseline
from strandline.planning.quantity import Quantity
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.stage_damage.protection import Protection
from strandline.risk.works.drawn import MANGROVES

HECTARES_PER_KM2 = 100.0

Numbers = Mapping[str, Quantity]
"""Name of a number that the mechanism needs → its value."""


@dataclass(frozen=True)
class Works:
    """What is built.

    Attributes:
        protections: the change to the damage chain, one per draw.
        size: units of the measure to pay for.
        description: a sentence for the plan.
    """

    protections: list[Protection]
    size: float
    description: str


@dataclass(frozen=True)
class Mechanism:
    """One way in which measures reduce risk.

    Attributes:
        needs: names of the numbers that a measure must state.
        options: names of further numbers that it may state.
        build: numbers, asset classes, baseline and generator → the works, or the reason why there are none; ``None`` =
            the mechanism protects lives and is not compared with money.
    """

    needs: tuple[str, ...]
    build: Callable[[Numbers, tuple[str, ...], Baseline, np.random.Generator], Works | str] | None
    options: tuple[str, ...] = ()


def _embankment(numbers: Numbers, classes: tuple[str, ...], baseline: Baseline, rng: np.random.Generator) -> Works:
    """A crest at the design level in front of the whole region.

    The height to add is the design level minus the highest level that damages nothing today (or the most frequent one,
    where all damage something), plus freeboard; the freeboard is paid for and not counted as protection. The length is
    the longer side of the region unless the catalogue gives it.
    """
    hazard = baseline.hazard
    design_period = numbers["design_return_period"].value
    periods = np.asarray(hazard.return_periods)
    crest = float(np.interp(np.log(design_period), np.log(periods), np.median(hazard.level_draws, axis=0)))
    events = baseline.events
    is_damaging = np.median(events.of_classes(ASSET_CLASSES), axis=0) > 0  # (P,) more likely than not
    start = float(events.levels[max(int(np.argmax(is_damaging)) - 1, 0)]) if is_damaging.any() else crest
    height = max(crest - start, 0.0) + numbers["freeboard"].value
    length = _shore_length(numbers, hazard)
    description = (
        f"crest at {crest:.2f} m ({hazard.region.vertical_datum}), the level of once in"
        f" {min(design_period, periods[-1]):g} years; {height:.2f} m higher over {length:.1f} km"
        f"{_length_note(numbers)}. Rarer seas still overtop it."
    )
    return Works([Protection(crest=crest)] * baseline.draws.count, height * length, description)


def _mangrove_belt(
    numbers: Numbers, classes: tuple[str, ...], baseline: Baseline, rng: np.random.Generator
) -> Works | str:
    """A belt of mangroves along the shore; the sea behind it is lower by its width times the attenuation."""
    latitude = baseline.hazard.region.centre_lonlat[1]
    southernmost, northernmost = MANGROVES
    if not southernmost <= latitude <= northernmost:
        return f"mangroves do not grow at latitude {latitude:.0f}°."
    width, attenuation = numbers["width"].value, numbers["attenuation"]
    drawn = attenuation.draw_evenly(baseline.draws.count, rng) * width
    protections = [Protection(attenuation=float(part)) for part in drawn]
    length = _shore_length(numbers, baseline.hazard)
    description = (
        f"a belt of {width:g} km along {length:.1f} km of shore{_length_note(numbers)}; the sea behind it stands"
        f" {attenuation.low * width:.2f} to {attenuation.high * width:.2f} m lower."
    )
    return Works(protections, length * width * HECTARES_PER_KM2, description)


def _lower_water(numbers: Numbers, classes: tuple[str, ...], baseline: Baseline, rng: np.random.Generator) -> Works:
    """Water at the assets is lower by an uncertain depth."""
    lowering = numbers["lowering"]
    maps = baseline.draws.maps  # one height for the draws of a map, so that its depths are read once
    drawn = np.repeat(lowering.draw_evenly(maps, rng), baseline.draws.count // maps)
    protections = [Protection(raised=dict.fromkeys(classes, float(part))) for part in drawn]
    return Works(protections, 1.0, f"water stands {lowering.low:g} to {lowering.high:g} m lower.")


def _raise_assets(numbers: Numbers, classes: tuple[str, ...], baseline: Baseline, rng: np.random.Generator) -> Works:
    """Assets are lifted above the ground."""
    height = numbers["height"].value
    protection = Protection(raised=dict.fromkeys(classes, height))
    return Works([protection] * baseline.draws.count, 1.0, f"lifted by {height:g} m.")


def _avoid_damage(numbers: Numbers, classes: tuple[str, ...], baseline: Baseline, rng: np.random.Generator) -> Works:
    """An uncertain share of the damage does not occur."""
    share = numbers["avoided_share"]
    drawn = share.draw_evenly(baseline.draws.count, rng)
    protections = [Protection(avoided_share=dict.fromkeys(classes, float(part))) for part in drawn]
    lowest = f"{100 * share.low:.0f} to " if share.low < share.high else ""
    return Works(protections, 1.0, f"it avoids {lowest}{100 * share.high:.0f} % of the damage.")


MECHANISMS: Mapping[str, Mechanism] = {
    "embankment": Mechanism(("design_return_period", "freeboard"), _embankment, options=("length",)),
    "mangrove_belt": Mechanism(("attenuation", "width"), _mangrove_belt, options=("length",)),
    "lower_water": Mechanism(("lowering",), _lower_water),
    "raise_assets": Mechanism(("height",), _raise_assets),
    "avoid_damage": Mechanism(("avoided_share",), _avoid_damage),
    "shelter": Mechanism(("capacity",), None),
}


def _length_note(numbers: Numbers) -> str:
    return "" if "length" in numbers else " (assumption: the longer side of the region)"


def _shore_length(numbers: Numbers, hazard: Hazard) -> float:
    """Length of the shore [km]: the catalogue's, or the longer side of the region."""
    left, bottom, right, top = hazard.region.bounds
    return numbers["length"].value if "length" in numbers else max(right - left, top - bottom) / 1000
