"""The stage that estimates how high the sea rises, and how often."""

from dataclasses import replace

import numpy as np

from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.pipeline.settings import RunConfig
from strandline.pipeline.stage_runner import StageContext
from strandline.pipeline.study_area import StudyArea, gauge_hours, own_mean_sea_level, seaward_direction
from strandline.risk.hazard.cyclones.cyclone_passages import cyclone_passages
from strandline.risk.hazard.cyclones.simulated_cyclones import simulate_cyclones
from strandline.risk.hazard.extremes import maxima_at_epoch
from strandline.risk.hazard.levels.assumed_basis import describe_assumed
from strandline.risk.hazard.levels.published_basis import describe_list, describe_published
from strandline.risk.hazard.levels.recorded_basis import describe_recorded
from strandline.risk.hazard.levels.sampled_levels import ReturnLevels, draw_zero, periods_with_frequent, split_frequent
from strandline.risk.hazard.own_record import estimate_from_record, is_short
from strandline.risk.hazard.return_levels import at_year, levels_of, sample_tails
from strandline.risk.hazard.short_maxima import needs_prior, sample_posterior
from strandline.risk.hazard.without_record import estimate_without_record

WEIGHT_OF_A_LIST, WEIGHT_OF_OTHER_COASTS = 10.0, 1.0
"""Years of readings that a published list of levels, and what is known of other coasts, are taken to be worth when more
readings are weighed. Assumptions."""
LEAST_HEIGHT = 0.1
"""[m above the assumed mean sea level] Lowest level of a sample where no reading tells the mean: it may lie below the
assumed one, and no flood comes of that."""


def estimate_return_levels(
    context: StageContext, area: StudyArea, sea_level: SeaLevelModel, config: RunConfig
) -> ReturnLevels:
    """Sampled sea levels of the baseline year at the study area's return periods.

    They rest on a published record, else on a published list of levels, else on the own record; where the sea was never
    read, on what is known of other coasts.

    Where the gauge's ground sinks, a part of the rise that it measured is its own sinking; from the end of the record
    on that part lowers the land and does not raise the sea. What is not known of the zero of the readings shifts all
    levels of a sample.
    """
    fit, periods, samples = area.published_levels, area.return_periods, config.draws
    all_periods, baseline = periods_with_frequent(periods), float(area.baseline)
    if fit is not None:
        fit = at_year(fit, baseline, area.levels_epoch)
        sunk = _sunk_gauge(area, baseline - float(fit.years.max()))
        fit = replace(fit, location=fit.location - sunk, data=fit.data - sunk)
        alone = not needs_prior(fit.record_years, periods[-1])
        tails = sample_tails(fit, samples, context.rng) if alone else sample_posterior(fit, samples, context.rng)
        zero = draw_zero(area.zero_error, samples, context.rng)
        levels, frequent = split_frequent(levels_of(tails, all_periods) + zero, periods)
        basis = describe_published(fit, tails, periods, baseline, area.zero_error, zero[:, 0])
        return ReturnLevels(levels, frequent, fit.record_years, basis, maxima_at_epoch(fit), 1.0)
    listed = area.levels_list
    if listed is not None:
        mean = own_mean_sea_level(area)
        sampled = np.maximum(listed.sample(all_periods, mean, baseline, samples, context.rng), mean + LEAST_HEIGHT)
        levels, frequent = split_frequent(sampled, periods)
        return ReturnLevels(
            levels, frequent, WEIGHT_OF_A_LIST, describe_list(listed, levels[:, -1], periods), np.empty(0), 1.0
        )
    gauge, storms = area.observations.require_gauge(), area.observations.storms
    hours, place = gauge_hours(area, sea_level), (float(gauge["longitude"][0]), float(gauge["latitude"][0]))
    passages = None if storms is None else cyclone_passages(storms, *place)
    simulated = None
    if storms is not None or rests_on_prior(area):
        facing = seaward_direction(area.observations.region)
        simulated = simulate_cyclones(*place, facing, hours.tide_time, hours.predicted, context.rng)
    if area.assumed_sea is not None:
        assumed = estimate_without_record(
            hours, area.assumed_sea.errors, passages, simulated, all_periods, samples, context.rng
        )  # fmt: skip
        mean = own_mean_sea_level(area)
        basis = describe_assumed(assumed, mean, periods, f"{area.assumed_sea.tide} {area.assumed_sea.mean}")
        levels, frequent = split_frequent(mean + np.maximum(assumed.levels, LEAST_HEIGHT), periods)
        return ReturnLevels(levels, frequent, WEIGHT_OF_OTHER_COASTS, basis, np.empty(0), 1.0)
    found = estimate_from_record(hours, passages, simulated, all_periods, samples, context.rng, baseline)
    mean = own_mean_sea_level(area) - _sunk_gauge(area, found.trend.beyond)
    found = replace(found, levels=found.levels + draw_zero(area.zero_error, samples, context.rng))
    basis = describe_recorded(found, mean, periods, area.zero_error)
    per_year = found.peaks.size / found.record_years
    levels, frequent = split_frequent(mean + found.levels, periods)
    return ReturnLevels(levels, frequent, found.record_years, basis, mean + found.peaks, per_year)


def rests_on_prior(area: StudyArea) -> bool:
    """Whether the own record is too short to speak alone, or was never read."""
    years = float(np.isfinite(area.own_level[1]).sum()) / HOURS_PER_YEAR
    return area.assumed_sea is not None or is_short(years)


def _sunk_gauge(area: StudyArea, years: float) -> float:
    """How far the own gauge sinks in so many years [m]; 0 where the land is taken as stable."""
    return 0.0 if area.subsidence is None else area.subsidence.at_gauge.median * years
