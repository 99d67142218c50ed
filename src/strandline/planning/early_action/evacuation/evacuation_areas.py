"""Evacuation areas: zones that are warned and leave together, because the same sea levels make them dangerous."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import geopandas as gpd
import numpy as np
import xarray as xr

from strandline.observations.arrays import Floats, Indices, Mask
from strandline.observations.exposure.place_names import PlaceName
from strandline.observations.region import Region
from strandline.planning.early_action.evacuation.all_drivers import AllDrivers, all_drivers_of, periods_of
from strandline.planning.early_action.evacuation.area_water import AreaWater, water_of
from strandline.planning.early_action.evacuation.clearance_time import ClearanceTime, EvacuationSettings, clearance_time
from strandline.planning.early_action.evacuation.frequency import Frequency, SeaRecord, frequency_of
from strandline.planning.early_action.protocol import Night
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.hazard.joint.zone_floods import ZoneFloods
from strandline.risk.impact.out_of_use import OutOfUse
from strandline.risk.impact.ways_out import find_ways_out, safe_ground
from strandline.risk.people import UNKNOWN, Homes, People
from strandline.risk.stage_damage.by_zone import StageDamageByZone
from strandline.risk.stage_damage.danger import DANGEROUS_DEPTH, DANGEROUS_SHARE, ENDANGERED_SHARE, yearly_levels
from strandline.risk.stage_damage.zones import Zones, places_in_blocks, zone_of_homes
from strandline.risk.timing.by_zone import ZoneTimes

LONGEST_PERIODS = (5.0, 25.0, 100.0, np.inf)
"""Return periods [a] up to which a zone belongs to the first, second, … area; an assumption: few enough to remember."""
TOO_OFTEN = 4.0
"""Dangerous floods a year [a-1] above which nobody would live there without a defence; an assumption."""
LETTERS = "ABCD"
HOURS_PER_DAY, DEGREES_PER_HOUR = 24, 15.0
"""The sun moves by 15 degrees of longitude an hour."""


@dataclass(frozen=True)
class EvacuationArea:
    """Zones that are evacuated together.

    Attributes:
        name: a letter; A is the first to be in danger.
        zones: their names.
        levels: lowest dangerous sea level of its zones [m, the plan's vertical datum], one for each sample of the flood
            maps; ``inf`` = at no mapped level.
        level: of the sea at which the chance that the area is dangerous reaches 20 % [m, the plan's vertical datum],
            or at which it is highest where no mapped sea makes it so likely; ``inf`` = the sea alone never endangers it
            on these maps.
        frequency: how often the sea passes ``level``.
        people: who live there.
        clearance: of this area together with those before it.
        water: when it comes and how long it stands; ``None`` = it was not simulated.
        all_drivers: danger by sea, rain and rivers together; ``None`` = not mapped.
    """

    name: str
    zones: tuple[str, ...]
    levels: tuple[float, ...]
    level: float
    frequency: Frequency
    people: People
    clearance: ClearanceTime
    water: AreaWater | None = None
    all_drivers: AllDrivers | None = None

    @property
    def ahead_hours(self) -> int:
        """Hours by which the water may come before the sea passes the level [h]; 0 where it was not simulated."""
        return 0 if self.water is None else self.water.ahead_hours

    @property
    def day_hours(self) -> int:
        """Hours before the sea passes the level at which to start by day: clearance ends before the water comes [h]."""
        return self.clearance.day[2] + self.ahead_hours

    @property
    def night_hours(self) -> int:
        """The same at night [h]."""
        return self.clearance.night[2] + self.ahead_hours

    @property
    def basis(self) -> str:
        """What the level rests on, as a part of a sentence."""
        begins = f"it may begin where the sea passes about {self.level:.2f} m, {self.frequency.in_words}"
        often = [] if math.isinf(self.level) else [begins]
        if self.all_drivers is not None:
            often.append(f"{self.all_drivers.together} bring such danger {self.all_drivers.how_often}")
        return "; ".join(
            (
                f"{100 * DANGEROUS_SHARE:g} % of a zone's land, or the homes of {100 * ENDANGERED_SHARE:g} % of its"
                f" people, in {DANGEROUS_DEPTH:g} m of water or more",
                *often,
            )
        )


@dataclass(frozen=True)
class EvacuationAreas:
    """The evacuation areas of a place, the first in danger first.

    Attributes:
        areas: at most four; a zone is in one of them, or never known to be dangerous, or unknown.
        unknown_zones: names of zones of which too little land is known to call them safe: people on the spot decide.
        night: when people are asleep.
        local_night: the same on the clock of the place, for the reader.
        place_names: zone without a name of its own → names of the largest place in it; empty = none is known.
    """

    areas: tuple[EvacuationArea, ...]
    unknown_zones: tuple[str, ...]
    night: Night
    local_night: str
    place_names: Mapping[str, PlaceName] = field(default_factory=dict)

    @property
    def doubt(self) -> str:
        """Why the terrain may be wrong where it floods more often than people could live with; empty = it does not."""
        often = [area for area in self.areas if area.frequency.per_year > TOO_OFTEN]
        if not often:
            return ""
        names = " and ".join(f"area {area.name}" for area in often)
        return (
            f"By these maps {names} is in danger {often[0].frequency.in_words}. Where people live on such ground,"
            " something that the elevation model does not show keeps the sea out, or the model is too low there. Until"
            " that is surveyed rely neither on its maps and calls nor on their silence: ask for the embankments and"
            " their crests first, and follow the weather service's warnings."
        )


def find_evacuation_areas(
    zones: Zones,
    response: StageDamageByZone,
    hazard: Hazard,
    assets: gpd.GeoDataFrame,
    permanent_water: Mask,
    settings: EvacuationSettings,
    frequent: Hazard | None = None,
    record: SeaRecord | None = None,
    people: xr.DataArray | None = None,
    times: ZoneTimes | None = None,
    floods: ZoneFloods | None = None,
    use: OutOfUse | None = None,
    places: gpd.GeoDataFrame | None = None,
) -> EvacuationAreas:
    """Group the zones by how often the sea, or all drivers together, make them dangerous, and estimate the clearance
    time of each group.

    The people of an area and of all before it move together: a forecast that endangers a later area endangers those
    before it too. A zone that is nowhere seen to be dangerous, but of which too little land is known, is named as
    unknown.

    Args:
        response: of the zones.
        hazard: today's.
        assets: of the impact, with people, roads and shelters where they are surveyed.
        permanent_water: (H, W).
        frequent: of shorter return periods; ``None`` = not mapped.
        record: of the own gauge, which tells how often the sea passes levels below those; ``None`` = unknown.
        people: (y, x) of a map of people, which counts where the survey does not.
        times: of simulated water in the zones; ``None`` = it was not simulated.
        floods: of the zones by all drivers; ``None`` = not mapped.
        use: ground and roads that all drivers put out of use; ``None`` = the sea alone is mapped.
        places: named ones, the largest first; ``None`` = none is known.
    """
    homes = Homes.of(assets, people)
    shorter = () if frequent is None else frequent.return_periods
    often = [] if frequent is None else [frequent.level_draws]
    drawn = np.concatenate([*often, hazard.level_draws], axis=1)  # (N, P)
    period = mean_return_periods(response.dangerous_level, hazard, response.dry_level)
    by_all = periods_of(floods, period.size)
    in_danger = np.isfinite(response.dangerous_level).any(axis=1) | np.isfinite(by_all)
    period = np.minimum(period, by_all)
    safe, region = safe_ground(hazard, permanent_water, None if use is None else use.unsafe_share), hazard.region
    closed = None if use is None else use.may_be_closed
    areas: list[EvacuationArea] = []
    leaving = np.empty(0, dtype=np.int64)
    for shortest, longest in pairwise((0.0, *LONGEST_PERIODS)):
        chosen = np.flatnonzero(in_danger & (period > shortest) & (period <= longest))
        if not chosen.size:
            continue
        leaving = np.concatenate([leaving, chosen])
        levels = response.dangerous_level[chosen].min(axis=0)
        ways = find_ways_out(assets, homes_of(zones, assets, homes, leaving, region), safe, region, closed)
        level = _shown_level(levels, settings.agreed_chance)
        frequency = frequency_of(level, drawn, (*shorter, *hazard.return_periods), record)
        area = EvacuationArea(
            name=LETTERS[len(areas)],
            zones=tuple(zones.names[number] for number in chosen),
            levels=tuple(levels.tolist()),
            level=level,
            frequency=frequency,
            people=people_of(zones, homes, chosen, region),
            clearance=clearance_time(people_of(zones, homes, leaving, region), ways, region.continent, settings),
            water=None if times is None else water_of(times, chosen, level),
            all_drivers=all_drivers_of(floods, chosen, frequency.per_year),
        )
        areas.append(area)
    never_seen = ~in_danger & (response.unknown_share >= DANGEROUS_SHARE)
    unknown = np.isnan(response.dangerous_level).any(axis=1) | never_seen
    offset = (
        region.centre_lonlat[0] / DEGREES_PER_HOUR if settings.utc_offset_hours is None else settings.utc_offset_hours
    )
    begins, ends = settings.night_hours
    night = Night(begins=math.floor(begins - offset) % HOURS_PER_DAY, ends=math.ceil(ends - offset) % HOURS_PER_DAY)
    return EvacuationAreas(
        tuple(areas),
        tuple(name for name, is_so in zip(zones.names, unknown, strict=True) if is_so),
        night,
        f"{_clock(begins)} to {_clock(ends)} {settings.clock}",
        places_in_blocks(zones, places),
    )


def _clock(hour: float) -> str:
    """``22:00`` of an hour of the day."""
    minutes = round(60 * hour) % (60 * HOURS_PER_DAY)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def mean_return_periods(dangerous_level: Floats, hazard: Hazard, dry_level: float) -> Floats:
    """(Z,) return period [a] of seas that pass a dangerous level (Z, S), by which zones are grouped: 1 / the mean
    yearly chance over the samples, at least 1.

    Between the level of once a year (``yearly_levels``) and the highest return level a sample's levels rise with the
    logarithm of the return period. Beyond it the rate counts as 0; ``inf`` where it does so in every sample.
    """
    yearly = np.minimum(yearly_levels(hazard.levels, hazard.return_periods, dry_level), hazard.levels[:, 0])
    knots, periods = np.column_stack([yearly, hazard.levels]), np.log([1.0, *hazard.return_periods])
    rate = np.zeros(len(dangerous_level))
    for levels, dangerous in zip(knots, dangerous_level.T, strict=True):
        rate += np.where(dangerous <= levels[-1], np.exp(-np.interp(dangerous, levels, periods)), 0.0) / len(knots)
    with np.errstate(divide="ignore"):
        return np.asarray(1.0 / rate)


def _shown_level(levels: Floats, agreed_chance: float) -> float:
    """The ``agreed_chance`` quantile of levels (S,) [m], or the highest finite one where that is infinite; else ∞."""
    shown = float(np.quantile(levels, agreed_chance, method="inverted_cdf"))
    finite = levels[np.isfinite(levels)]
    return shown if math.isfinite(shown) or not finite.size else float(finite.max())


def people_of(zones: Zones, homes: Homes | None, chosen: Indices, region: Region) -> People:
    """People who live in the chosen zones; unknown where nobody is counted anywhere."""
    return UNKNOWN if homes is None else homes.residents(np.isin(zone_of_homes(zones, homes, region), chosen))


def homes_of(zones: Zones, assets: gpd.GeoDataFrame, homes: Homes | None, chosen: Indices, region: Region) -> Floats:
    """(N, 2) x and y [m] of the homes in the chosen zones, or of the zones' cells where no home is known."""
    is_home = (assets["asset_class"] == "residential").to_numpy()
    if "people" in assets:
        is_home = is_home | (assets["people"].to_numpy(dtype=float) > 0)
    point = assets.geometry[is_home & np.isin(zones.of_asset, chosen)].representative_point()
    if homes is not None and homes.counted_by == "map":
        point = homes.places.geometry[np.isin(zone_of_homes(zones, homes, region), chosen)]
    if len(point):
        return np.column_stack([point.x, point.y])
    row, column = np.nonzero(np.isin(zones.of_cell, chosen))
    return np.column_stack([region.x[column], region.y[row]])
