"""What a run cannot know because a stream is absent: the sentences that its report shows first, and what it costs."""

from dataclasses import dataclass

import numpy as np

from strandline.observations.variables import HOURS_PER_YEAR
from strandline.pipeline.study_area.study_area import StudyArea
from strandline.risk.hazard.cyclones.passing_storms import is_cyclone_coast
from strandline.risk.hazard.own_record import is_short
from strandline.risk.people import MAP_FACTOR, Homes


@dataclass(frozen=True)
class Cost:
    """How far the middle answer at the 25-year level lay from the truth, mean over five simulated coasts.

    Attributes:
        metres: of the level; ``width``: of its range of 8 in 10 chance [m].
        people: with water at home, of some 3000.
        millions: of damage [million EUR 2010], of some 12.
    """

    metres: float
    width: float
    people: int
    millions: float


WITH_THIRTY_YEARS = Cost(0.4, 1.1, 140, 2.8)
SIX_YEARS, TWO_YEARS = Cost(0.6, 2.2, 90, 4.7), Cost(0.3, 2.8, 0, 2.9)
NO_GAUGE, NO_GAUGE_NO_TIDE = Cost(0.6, 3.8, 50, 3.9), Cost(0.6, 4.1, 140, 5.0)
TERRAIN_ALONE = Cost(0.9, 3.2, 1000, 6.5)
"""Measured by ``python -m benchmarks.absences``; five coasts, so that differences of a third mean nothing."""


def absence_sentences(area: StudyArea) -> tuple[str, ...]:
    """One sentence or more for each stream that is absent."""
    observations, found = area.observations, list[str]()
    has_levels = area.published_levels is not None or area.levels_list is not None
    years = float(np.isfinite(area.own_level[1]).sum()) / HOURS_PER_YEAR
    if area.assumed_sea is not None:
        found.append(
            "No reading of the sea was given. What the sea does here, how often, and whether any forecast would be"
            f" right cannot be known from this run. {area.assumed_sea.tide} {area.assumed_sea.mean} Storms and"
            " forecasts are simulated."
        )
        cost = NO_GAUGE if area.constants is not None else NO_GAUGE_NO_TIDE
        if area.constants is None and observations.storms is None:
            cost = TERRAIN_ALONE
        found += [] if has_levels else [_sentence("Without readings", cost)]
    elif is_short(years) and not has_levels:
        found.append(
            f"The gauge was read for {years:.1f} years. How rare levels of decades are cannot be known from so few;"
            " they rest on other coasts as well."
        )
        found.append(_sentence(f"With {2 if years < 4 else 6} years", TWO_YEARS if years < 4 else SIX_YEARS))
    if area.assumed_sea is None and observations.weather_forecast is None:
        found.append(
            "No forecast of the weather was given: the sea is forecast from its own readings alone, which show a storm"
            " when it comes, not a day before. Forecasts of wind and pressure are free everywhere."
        )
    if observations.storms is None and not has_levels:
        is_simulated = area.assumed_sea is not None or is_short(years)
        found.append(_without_tracks(*observations.region.centre_lonlat, is_simulated=is_simulated))
    if observations.assets is None:
        whom = "" if observations.people is not None else ", and whom it reaches,"
        found.append(f"No assets were surveyed: what a flood costs{whom} cannot be known; land is counted.")
    if observations.people is not None and Homes.of(observations.surveyed_assets) is None:
        found.append(
            f"Nobody counted the people here. They are those of a map, which may be wrong by a factor of {MAP_FACTOR:g}"
            " either way, and worse in a single hamlet."
        )
    return tuple(found)


def _without_tracks(longitude: float, latitude: float, *, is_simulated: bool) -> str:
    if not is_cyclone_coast(longitude, latitude):
        return "No cyclone tracks were given: where cyclones strike, the sea may reach more than is stated here."
    if is_simulated:
        return (
            "No cyclone tracks were given, and cyclones strike this coast: how often and how strong is that of"
            " simulated storms of the ocean basin. Add [storms]: the tracks are free everywhere."
        )
    return (
        "No cyclone tracks were given, and cyclones strike this coast: rare levels are too low here, by how much cannot"
        " be known. Add [storms]: the tracks are free everywhere."
    )


def _sentence(what: str, cost: Cost) -> str:
    usual = WITH_THIRTY_YEARS
    return (
        f"{what} the 25-year level of five simulated coasts was missed by {cost.metres:g} m on average, people with"
        f" water at home by {cost.people} of 3000, damage by {cost.millions:g} of 12 million euros; the range was"
        f" {cost.width:g} m wide. With 30 years of readings: {usual.metres:g} m, {usual.people} people,"
        f" {usual.millions:g} million euros, {usual.width:g} m. Five coasts are few: an error smaller than that of"
        " 30 years is chance, and the wider range is what counts."
    )
