"""The study area of a run: real files or the built-in simulated delta, as the same nouns."""

import math
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from strandline.distillation.training.loop import Progress
from strandline.errors import InputError
from strandline.observations.checks.contradictions import find_contradictions
from strandline.observations.checks.findings import raise_refusals, warnings_of
from strandline.observations.fetch.credits.data_files import without_folders, without_secrets
from strandline.observations.observations import Observations
from strandline.observations.readers.exposure.place_names import read_place_names
from strandline.observations.readers.formats.reading_process import Executor, in_this_process
from strandline.observations.readers.formats.units import to_si
from strandline.observations.readers.observe import observe
from strandline.observations.readers.published import read_published
from strandline.observations.readers.zones import read_zones
from strandline.observations.region import Region
from strandline.observations.region_file import RegionFile
from strandline.observations.region_file.planning_section import PlanningSection
from strandline.observations.region_file.scenario_sections import SeaLevelRise
from strandline.observations.region_file.values import parse_time_zone
from strandline.observations.region_file.watch.warnings_section import WarningsSection
from strandline.observations.sea_level.harmonic_tide import TidalConstants
from strandline.observations.sea_level.projections import SeaLevelProjection
from strandline.observations.sea_level.sinking_land import bring_land_to
from strandline.observations.sea_level.subsidence import Subsidence
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.observations.weather.storm_waves import storm_waves
from strandline.pipeline.study_area.assumed_sea import AssumedSea, assume_sea
from strandline.pipeline.study_area.input_requirements import refused_inputs
from strandline.pipeline.study_area.requirements import RETURN_PERIODS
from strandline.planning.early_action.evacuation.clearance_time import EvacuationSettings
from strandline.planning.early_action.trigger_constants import PROBABILITY_FOR_LIVES
from strandline.report.alerts.issuer import NO_ISSUER, Issuer, issuer_of
from strandline.risk.hazard.extremes import EXTRAPOLATION, ReturnLevelFit
from strandline.risk.hazard.mean_level_trend import decimal_year
from strandline.risk.hazard.own_record import GaugeHours
from strandline.risk.hazard.return_levels import PublishedLevels
from strandline.risk.hazard.short_maxima import fit_annual_maxima
from strandline.simulator.coast import simulate_coast, simulate_dry_coast

BUILT_IN_NAME = "the built-in delta"
BUILT_IN_SEED = 3
"""Of the delta of a run without a region file; below ``simulated_coasts.FIRST_SEED``, so never trained on."""
BUILT_IN_SIZES = {32: (12.0, 24), 64: (30.0, 40)}
"""Cells along the built-in delta's edge → years of its record and storms in it; the small one is a health check."""
BUILT_IN_FACILITIES = ("floodgates", "pumping stations")
"""What the built-in delta has: its polders are drained through gates and by pumps, as polders of deltas are."""
STANDARD_YEAR = 2024
"""In whose January or July the time zones of a place keep standard time."""
TIDE_YEARS = 19
"""Of predicted tide that a surge may meet: the lunar nodes turn in 18.6 years."""


@dataclass(frozen=True, eq=False)
class StudyArea:
    """Observations of a place, with published facts and preferences.

    Attributes:
        observations: all streams.
        return_periods: [years] that the hazard is mapped for.
        constants: published tidal constants of the own gauge; ``None`` = fit them to the record.
        published_levels: a fit to a longer, published record; ``None`` = fit the own record.
        held_out: windows that are never trained on.
        planning: money, costs and limits of the plan.
        sea_level_rise: scenarios for which the hazard is mapped as well.
        baseline_year: of whose sea and land every number is that says "today"; ``None`` = the record's last year.
        projections: of the sea at this coast; empty = those of the global mean.
        subsidence: of its land; ``None`` = taken as stable. The terrain is that of the baseline year already.
        levels_epoch: of whose sea ``published_levels`` without a trend are; ``None`` = the middle of their record.
        assumed_sea: in place of a gauge that was read; ``None`` = one was.
        levels_list: published return levels; ``None`` = none are.
        place_names: what people call the places, see ``read_place_names``; ``None`` = not given.
        zero_error: deviation of the zero of the readings or maxima behind the levels from that of the terrain [m].
        zones: ``name`` and polygon of each zone, in the region's CRS; ``None`` = no zones.
        issuer: of warnings.
        evacuation: what is stated about it.
        warnings: what is doubtful about the data, for the report.
    """

    observations: Observations
    return_periods: tuple[float, ...] = RETURN_PERIODS
    constants: TidalConstants | None = None
    published_levels: ReturnLevelFit | None = None
    held_out: tuple[tuple[np.datetime64, np.datetime64], ...] = ()
    planning: PlanningSection = field(default_factory=PlanningSection)
    sea_level_rise: tuple[SeaLevelRise, ...] = ()
    zones: gpd.GeoDataFrame | None = None
    issuer: Issuer = NO_ISSUER
    evacuation: EvacuationSettings = field(default_factory=EvacuationSettings)
    warnings: tuple[str, ...] = ()
    baseline_year: int | None = None
    projections: tuple[SeaLevelProjection, ...] = ()
    subsidence: Subsidence | None = None
    levels_epoch: int | None = None
    assumed_sea: AssumedSea | None = None
    levels_list: PublishedLevels | None = None
    zero_error: float = 0.0
    place_names: gpd.GeoDataFrame | None = None

    @property
    def baseline(self) -> int:
        """The year of whose sea and land every number is that says "today"."""
        return record_end(self) if self.baseline_year is None else self.baseline_year

    @property
    def storm_observations(self) -> Observations:
        """What was observed of the storms of the record.

        The storms of an assumed sea never happened: no radar scene and no survey of a real flood shows one, whatever
        their dates.
        """
        observed, known = self.observations, self.observations.provenance
        if self.assumed_sea is None:
            return observed
        if observed.truth is None:
            return observed.without("sar", "sar_reference", "flood_survey")
        is_given = (
            "flood_survey" in known and known["flood_survey"].kind == "real"
        )  # radar was simulated with the storms
        return observed.without("flood_survey") if is_given else observed

    @property
    def hourly_levels(self) -> tuple[npt.NDArray[np.datetime64], npt.NDArray[np.float64]]:
        """Every hour of the gauges' record (T,) and usable levels (S, T) [m, region datum]; NaN = gap or flagged."""
        gauge = self.observations.require_gauge()
        time = gauge["time"].values
        hours = np.arange(time[0], time[-1] + np.timedelta64(1, "h"), np.timedelta64(1, "h"))
        levels = np.full((gauge.sizes["station"], hours.size), np.nan)
        usable = np.where(gauge["quality"].values == 0, gauge["water_level"].values, np.nan)
        levels[:, np.searchsorted(hours, time)] = usable
        return hours, levels

    @property
    def own_level(self) -> tuple[npt.NDArray[np.datetime64], npt.NDArray[np.float64]]:
        """Times and usable levels [m, region datum] of the own gauge; NaN = gap or flagged."""
        gauge = self.observations.require_gauge()
        level = gauge["water_level"].values[0]
        return gauge["time"].values, np.where(gauge["quality"].values[0] == 0, level, np.nan)


def simulate_study_area(cells: int, years: float, storms: int, progress: Progress | None = None) -> StudyArea:
    """The built-in delta, which needs no file; every seventh of its storms has a flood survey."""
    coast = simulate_coast(
        BUILT_IN_NAME,
        BUILT_IN_SEED,
        shape=(cells, cells),
        years=years,
        n_storms=storms,
        n_surveys=storms // 7,
        inhabited=True,
        progress=progress,
    )
    longest = EXTRAPOLATION * years * 0.9  # gauges have gaps for a few percent of the time
    return StudyArea(
        coast,
        tuple(period for period in RETURN_PERIODS if period <= longest),
        planning=PlanningSection(existing=BUILT_IN_FACILITIES),
        sea_level_rise=(SeaLevelRise(name="a sea half a metre higher", rise=0.5, source="an assumption, to compare"),),
    )


def built_in_study_area(cells: int, progress: Progress | None = None) -> StudyArea:
    """The built-in delta of one of ``BUILT_IN_SIZES``; always the same.

    Raises:
        InputError: of another size.
    """
    if cells not in BUILT_IN_SIZES:
        raise InputError("built-in delta", f"has no size of {cells} cells", f"choose from {sorted(BUILT_IN_SIZES)}")
    return simulate_study_area(cells, *BUILT_IN_SIZES[cells], progress)


def built_in_sea(cells: int) -> StudyArea:
    """The terrain, gauges and weather of the built-in delta without its floods, which take most of the time.

    Gaps of the gauges differ from those of ``built_in_study_area``.

    Raises:
        InputError: of another size.
    """
    if cells not in BUILT_IN_SIZES:
        raise InputError("built-in delta", f"has no size of {cells} cells", f"choose from {sorted(BUILT_IN_SIZES)}")
    years, storms = BUILT_IN_SIZES[cells]
    return StudyArea(
        simulate_dry_coast(BUILT_IN_NAME, BUILT_IN_SEED, shape=(cells, cells), years=years, n_storms=storms)
    )


def open_study_area(region_file: RegionFile, execute: Executor = in_this_process) -> StudyArea:
    """A real place from its region file.

    Args:
        execute: where files are parsed: in a ``ReadingProcess`` none can hang or crash this one.

    Raises:
        InputError: naming the file, row and value that cannot be used.
    """
    found = read_published(region_file, execute)
    observations = observe(region_file, execute)
    findings = (
        *found.findings,
        *observations.findings,
        *find_contradictions(region_file, observations.terrain, observations.tide_gauge, found.value),
        *refused_inputs(region_file, observations.terrain, observations.tide_gauge),
    )
    raise_refusals(findings)
    levels, section, maxima = None, region_file.extremes, found.value.maxima
    if section is not None and maxima is not None:
        levels = fit_annual_maxima(maxima.levels, maxima.years, source=section.source, trend=section.trend)
    zones, names, scenarios = region_file.zones, region_file.place_names, region_file.scenarios
    baseline = pd.Timestamp.now("UTC").year
    if scenarios is not None and scenarios.baseline_year is not None:
        baseline = scenarios.baseline_year
    if found.value.subsidence is not None and region_file.terrain.year is not None:
        observations = bring_land_to(observations, found.value.subsidence, region_file.terrain.year, baseline)
    assumed = None
    if observations.tide_gauge is None:
        gauge, origin, assumed = assume_sea(region_file, found.value, baseline)
        known = {**observations.provenance, "tide_gauge": origin}
        observations = replace(observations, tide_gauge=gauge, provenance=known)
    if region_file.waves is not None:
        gauge, weather = observations.require_gauge(), observations.weather
        observations = replace(observations, waves=storm_waves(region_file.waves, gauge, weather, region_file.region))
    return StudyArea(
        observations,
        RETURN_PERIODS if region_file.scenarios is None else region_file.scenarios.return_periods,
        found.value.constants,
        levels,
        tuple(region_file.split.windows),
        region_file.planning or PlanningSection(),
        () if region_file.scenarios is None else region_file.scenarios.sea_level_rise,
        None if zones is None else execute([zones.path], partial(read_zones, zones, region_file.region)),
        issuer_of(region_file.warnings),
        evacuation_settings(region_file.planning or PlanningSection(), region_file.warnings),
        tuple(without_secrets(without_folders(each)) for each in warnings_of(findings)),
        baseline,
        found.value.projections or (),
        found.value.subsidence,
        None if section is None else section.epoch,
        assumed,
        _published_list(region_file),
        _zero_error(region_file),
        None if names is None else execute([names.path], partial(read_place_names, names, region_file.region)),
    )


def _zero_error(region_file: RegionFile) -> float:
    """Deviation of the zero that the levels are read from against that of the terrain [m]."""
    read = region_file.extremes or next(iter(region_file.tide_gauge), None)
    of_levels = 0.0 if read is None else read.datum_uncertainty
    return math.hypot(of_levels, region_file.terrain.datum_uncertainty)


def _published_list(region_file: RegionFile) -> PublishedLevels | None:
    section = region_file.return_levels
    if section is None:
        return None
    shift, factor = section.datum_shift, float(to_si(np.ones(1), section.unit)[0])
    levels, low, high = (
        None if each is None else factor * np.asarray(each, dtype=float) + shift
        for each in (section.levels, section.low, section.high)
    )
    assert levels is not None
    periods = np.asarray(section.periods, dtype=float)
    error = section.datum_uncertainty
    return PublishedLevels(periods, levels, low, high, section.chance, section.epoch, section.source, error)


def evacuation_settings(planning: PlanningSection, warnings: WarningsSection | None) -> EvacuationSettings:
    """What the region file states about evacuation; local time is the standard time of a stated time zone."""
    offset, clock = None, EvacuationSettings().clock
    if warnings is not None and "time_zone" in warnings.model_fields_set:
        zone = parse_time_zone(warnings.time_zone)
        offsets = [datetime(STANDARD_YEAR, month, 1, tzinfo=zone).utcoffset() or timedelta() for month in (1, 7)]
        offset = min(offsets) / timedelta(hours=1)
        clock = f"{'UTC' * warnings.time_zone.startswith(('+', '-'))}{warnings.time_zone}" + " in standard time" * (
            len(set(offsets)) > 1
        )
    return EvacuationSettings(
        planning.clearance_hours,
        planning.people_per_vehicle,
        planning.share_on_foot,
        planning.night_hours,
        offset,
        planning.drainage_hours,
        PROBABILITY_FOR_LIVES if planning.agreed_chance is None else planning.agreed_chance,
        clock,
    )


def own_mean_sea_level(area: StudyArea) -> float:
    """Mean sea level at the own gauge [m, region datum]."""
    gauge = area.observations.require_gauge()
    return float(gauge["mean_sea_level"].values[0])


def gauge_hours(area: StudyArea, sea_level: SeaLevelModel) -> GaugeHours:
    """The own gauge's hours, and the tide of ``TIDE_YEARS`` from its first."""
    hours, levels = area.hourly_levels
    mean = own_mean_sea_level(area)
    years = np.timedelta64(round(TIDE_YEARS * HOURS_PER_YEAR), "h")
    long = np.arange(hours[0], hours[0] + years, np.timedelta64(1, "h"))
    return GaugeHours(hours, levels[0] - mean, sea_level.tide(hours), long, sea_level.tide(long))


def seaward_direction(region: Region) -> float:
    """Direction from the region's centre to its sea point, to the nearest quarter [degrees clockwise from north]."""
    left, bottom, right, top = region.bounds
    east, north = region.sea_point[0] - (left + right) / 2, region.sea_point[1] - (bottom + top) / 2
    return float(90.0 * np.round(np.rad2deg(np.arctan2(east, north)) / 90.0) % 360.0)


def record_end(area: StudyArea) -> int:
    """The year that begins when the own record ends, to the nearest."""
    return round(float(decimal_year(area.own_level[0][-1:])[0]))


def last_year(area: StudyArea) -> int:
    """The last year of the own record, from which the age of a survey counts."""
    return int(pd.Timestamp(area.own_level[0][-1]).year)
