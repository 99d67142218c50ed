"""Loss of life: who may die in the flood that the plan prepares for, by night, by day and warned."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import shapely
import xarray as xr

from strandline.observations.arrays import Floats, Mask
from strandline.observations.region import Region
from strandline.risk.hazard.hazard import FutureHazard, Hazard
from strandline.risk.impact.lives.counts import HomesAtSeas, count_at_return_levels
from strandline.risk.impact.lives.mortality import Mortality
from strandline.risk.impact.lives.per_year import PeoplePerYear, people_per_year
from strandline.risk.impact.lives.water_at_places import ground_at, points_of, sea_of_most_years
from strandline.risk.impact.population import PopulationImpact
from strandline.risk.impact.totals import rows_by_district
from strandline.risk.people import Homes, People, PeopleErrors, bound_of

STRONG_HOUSES = ("europe", "north america")
"""Continents whose houses count as strong (brick, concrete or timber on foundations); an assumption. Elsewhere nobody
stated that they are."""
BREACH_REACH = 2000.0
"""Distance from an embankment within which a breach may tear houses away [m]; an assumption: villages that lost one in
ten people and more in 1953 lay within a few hundred metres to about two kilometres of a broken dike."""
DAY_AT_HOME = 0.5
"""Least share of the people who are at home by day [-]; an assumption. The greatest is all: in a storm people stay."""
DAYLIGHT = 1 / 3.34
"""Least mortality by daylight as a multiple of that in the dark [-]: floods by night were 3.34 times as deadly in a
case-control study of 123 deaths in flash floods in Iran, 2005-2018 (odds ratio, read in abstract). The greatest is 1:
the mortality functions are of floods by day and by night."""
LEAVE = (0.136, 0.9)
"""Least and greatest share of the people who leave when they are asked to [-]. Least: those who reached a designated
shelter in three villages hit by cyclone Sidr in 2007, where 41 % left their homes and more than 90 % had heard the
warning (survey of 331 households, read in abstract). Greatest: 80 to 90 % left New Orleans in 2005 (Wolshon 2006, as
quoted by Jonkman et al. 2009)."""
METHOD = (
    "Who may die follows from the depth of the water at homes by mortality that was recorded in floods of the sea (Boyd"
    " 2005; Jonkman et al. 2008; Bern et al. 1993; the Netherlands in 1953). How fast water rises and runs is not"
    " mapped: the upper numbers take it to rise fast where it is deep, and to burst through a breach near embankments."
    " Homes are taken to stand high enough for the sea of most years. Numbers a year and on average are means, from the"
    " lowest to the highest recorded mortality."
)
"""What the numbers rest on, for readers."""


@dataclass(frozen=True)
class LossOfLife:
    """Danger to life in an event of the design return period, and a year.

    Attributes:
        in_danger: people whose homes stand in dangerous depth.
        by_night: who may die by night if nobody leaves.
        on_average: the same, averaged over ground, sea and counts that nobody knows: of what is at least and at most.
        by_day: as ``by_night``, by day.
        warned: the same by night if as many leave in time as did elsewhere.
        by_district: ``by_night`` of each district with homes, in the order of their names; ``None`` = not stated.
        per_year: today's first, then that of each future sea.
        breach_anywhere: whether no embankment was surveyed, so that a breach may be anywhere.
        houses_may_be_weak: whether nobody knows that the houses are strong.
    """

    in_danger: People
    by_night: People
    on_average: People
    by_day: People
    warned: People
    by_district: tuple[tuple[str | None, People], ...]
    per_year: tuple[PeoplePerYear, ...]
    breach_anywhere: bool
    houses_may_be_weak: bool


def estimate_loss_of_life(
    hazards: Sequence[Hazard],
    assets: gpd.GeoDataFrame,
    population: PopulationImpact | None,
    design: int,
    rng: np.random.Generator,
    *,
    frequent: Hazard | None = None,
    futures: Sequence[FutureHazard] = (),
    ground: Floats | None = None,
    people: xr.DataArray | None = None,
) -> LossOfLife | None:
    """Who may die at the design level and a year; ``None`` where nobody is counted.

    Counts, ground, sea and depth err as in ``assess_population``; its bounds of people with water at home hold the
    people in danger and the dead of each district.

    Args:
        hazards: today's maps, then those of the same samples at higher seas on the land of today.
        population: people with water at home in the same event.
        design: index of the return period.
        frequent: maps of the same samples at levels of shorter return periods.
        futures: each future sea, on the land of its time.
        ground: (H, W) of the terrain [m, region datum]; ``None`` = above the highest mapped sea any ground may flood.
        people: (y, x) of a map of people, which counts where the survey does not.
    """
    homes = Homes.of(assets, people)
    if homes is None or population is None:
        return None
    inhabited = np.flatnonzero(homes.high > 0)
    districts = [(name, rows[inhabited]) for name, rows in rows_by_district(homes.places) if rows[inhabited].any()]
    errors = PeopleErrors.draw(len(hazards[0].levels), rng)
    at_seas = replace(
        inhabited_places(homes, assets, hazards[0].region, errors, ground),
        groups=np.stack([np.ones(inhabited.size, dtype=bool), *(rows for _, rows in districts)]),
        calm=sea_of_most_years([hazards[0], *([] if frequent is None else [frequent])]),
    )
    today = count_at_return_levels(at_seas, hazards, frequent)
    index = today.return_periods.index(hazards[0].return_periods[design])
    everybody = population.exposed
    exposed = {each.district: each.exposed for each in population.districts}

    def event(counts: Floats, group: int, share: tuple[float, float], whole: People) -> People:
        low, likely, high = counts[:, :, group, index]  # (3, S, G, R) → (S,) each
        ends = bound_of(low) * share[0], float(np.median(likely)), -bound_of(-high) * share[1]
        return People.bounded(ends[0], min(max(ends[1], ends[0]), ends[2]), ends[2]).within(whole)

    left = 1 - LEAVE[1], 1 - LEAVE[0]
    by_night = event(today.deaths, 0, (1.0, 1.0), everybody)
    low, likely, high = today.deaths[:, :, 0, index].mean(axis=1)
    scenarios = [("today", today)]
    for each in futures:
        same_land = (each.hazard, *hazards) if each.same_sea_today is None else (each.hazard,)
        scenarios.append((each.name, count_at_return_levels(at_seas, same_land, each.frequent)))
    return LossOfLife(
        in_danger=event(today.in_danger, 0, (1.0, 1.0), everybody),
        by_night=by_night,
        on_average=People.bounded(low, likely, min(high, everybody.high)),
        by_day=event(today.deaths, 0, (DAY_AT_HOME * DAYLIGHT, 1.0), everybody),
        warned=event(today.deaths, 0, left, everybody),
        by_district=tuple(
            (name, event(today.deaths, number, (1.0, 1.0), exposed[name]))
            for number, (name, _) in enumerate(districts, start=1)
        ),
        per_year=tuple(people_per_year(name, counts, DAY_AT_HOME * DAYLIGHT) for name, counts in scenarios),
        breach_anywhere=_embankments(assets).empty,
        houses_may_be_weak=at_seas.mortality.houses_may_be_weak,
    )


def inhabited_places(
    homes: Homes, assets: gpd.GeoDataFrame, region: Region, errors: PeopleErrors, ground: Floats | None = None
) -> HomesAtSeas:
    """Where people live, in one group, with what is not known of them.

    Args:
        assets: of the survey, which says where embankments may breach.
        ground: (H, W) of the terrain [m, region datum].
    """
    inhabited = np.flatnonzero(homes.high > 0)
    lived_in = homes.places.iloc[inhabited]
    point = points_of(lived_in)
    return HomesAtSeas(
        places=lived_in,
        people=np.stack([homes.low, homes.likely, homes.high])[:, inhabited],
        groups=np.ones((1, inhabited.size), dtype=bool),
        ground=ground_at(*point, region, ground),
        may_breach=_near(*point, _embankments(assets)),
        mortality=Mortality(region.continent not in STRONG_HOUSES),
        errors=errors,
    )


def _embankments(assets: gpd.GeoDataFrame) -> gpd.GeoSeries:
    return assets.geometry[(assets["asset_class"] == "embankment").to_numpy()]


def _near(x: Floats, y: Floats, embankments: gpd.GeoSeries) -> Mask:
    """(P,) points within ``BREACH_REACH`` of an embankment; all where none was surveyed."""
    if embankments.empty:
        return np.ones(len(x), dtype=bool)
    near, _ = shapely.STRtree(embankments.to_numpy()).query(
        shapely.points(x, y), predicate="dwithin", distance=BREACH_REACH
    )
    return np.isin(np.arange(len(x)), near)
