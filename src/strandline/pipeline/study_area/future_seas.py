"""The seas and lands that a run maps and plans for, all counted from one baseline year."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.region_file.scenario_sections import SeaLevelRise
from strandline.observations.sea_level.projections import LAST_YEAR, SeaLevelProjection, global_projections
from strandline.observations.sea_level.subsidence import STABLE, SinkingRate
from strandline.pipeline.study_area.study_area import StudyArea, own_mean_sea_level
from strandline.planning.investment.scenarios import Scenarios
from strandline.planning.quantity import stratify
from strandline.planning.settings import read_planning_settings
from strandline.risk.stage_damage.exposure import asset_shares

STREAM = 7
"""Key of the random stream of rises: all futures share its deviates."""


HIGH = 0.95
"""Quantile of the rise of the sea up to which maps are drawn [-]."""
HIGHEST = 0.99
"""Quantile of the rarest level up to which maps are drawn [-]: the few samples beyond reach heights of no sea."""


@dataclass(frozen=True, eq=False)
class FutureSea:
    """A sea that is mapped.

    Attributes:
        name: with how far the land has sunk, where it has.
        rise: (S,) of the sea against the ground of the assets, their mean [m], above that of the baseline year.
        sea: (S,) part of it that is the sea's own [m].
        sunk: part of its median that is the land's [m].
        uneven: (H, W) median of how far each cell sinks [m]; ``None`` = all sink alike.
    """

    name: str
    rise: Floats
    sea: Floats
    source: str
    sunk: float = 0.0
    uneven: Floats | None = None


def future_seas(area: StudyArea, samples: int) -> tuple[FutureSea, ...]:
    """The seas that the region file names, in S samples.

    Raises:
        InputError: an unknown scenario, or a year that is not after the baseline year.
    """
    rng = np.random.default_rng(STREAM)
    deviates, land_deviates = ndtri(stratify(samples, rng)), ndtri(stratify(samples, rng))
    return tuple(_future_sea(each, area, deviates, land_deviates) for each in area.sea_level_rise)


def _future_sea(stated: SeaLevelRise, area: StudyArea, deviates: Floats, land_deviates: Floats) -> FutureSea:
    if stated.rise is not None:
        rise = np.full(deviates.size, stated.rise)
        return FutureSea(stated.name or "a higher sea", rise, rise, stated.source or "")
    known = {each.name: each for each in projections_of(area)}
    if stated.scenario not in known or stated.year is None:
        raise InputError(
            "scenarios.sea_level_rise", f"'{stated.scenario}' is not known", f"choose one of {', '.join(known)}"
        )
    if stated.year <= area.baseline:
        raise InputError(
            "scenarios.sea_level_rise", f"the year {stated.year} is not after the baseline year {area.baseline}",
            "name a later year",
        )  # fmt: skip
    sinking = mean_sinking(area)
    projection = known[stated.scenario]
    sea, rise = (
        each.rise(np.array([float(stated.year)]), area.baseline, deviates, land_deviates)[:, 0]
        for each in (projection, projection.on_sinking_land(sinking))
    )
    years = stated.year - area.baseline
    sunk, name = sinking.median * years, stated.name or f"{stated.scenario}, {stated.year}"
    low, high = np.quantile(rise, [0.1, 0.9])
    source = f"{projection.source}; rise since {area.baseline}, 8 in 10 chance {low:.2f} to {high:.2f} m"
    if area.subsidence is None:
        return FutureSea(name, rise, sea, source)
    return FutureSea(
        f"{name}, land {sunk:.2f} m lower",
        rise,
        sea,
        f"{source}, of which the land sinks {sunk:.2f} m ({area.subsidence.source})",
        sunk,
        None if area.subsidence.is_uniform else area.subsidence.depth(years),
    )


def highest_levels(area: StudyArea, rarest: Floats, maps: int) -> tuple[Floats, float]:
    """(N,) sea levels [m, region datum] that hardly any draw passes until the plan's horizon, and the rise beside them.

    All draws that read one flood map share its level: the highest of theirs, in the storms that grow most. The rise [m]
    is that which the fastest of the planned scenarios and named futures exceeds in 1 of 20 cases.

    Args:
        rarest: (N,) level of the longest return period [m, region datum], in the order of the maps.
        maps: that they read.
    """
    settings, mean = read_planning_settings(area.planning), own_mean_sea_level(area)
    scenarios, economy = scenarios_of(area, settings.scenarios), settings.economy(area.baseline)
    end = min(area.baseline + economy.horizon_years, LAST_YEAR)
    high = np.array([ndtri(HIGH)])
    rises = [each.rise(np.array([float(end)]), area.baseline, high, high).item() for each in scenarios.sea_levels]
    rises += [float(np.quantile(each.rise, HIGH)) for each in future_seas(area, maps)]
    growth = max(each.change_by_2100 for each in scenarios.storminess) * (end - area.baseline)
    top = np.minimum(rarest.reshape(maps, -1).max(axis=1), np.quantile(rarest, HIGHEST))
    height = (top - mean) * (1.0 + max(growth, 0.0) / (LAST_YEAR - area.baseline))
    return np.repeat(mean + height, len(rarest) // maps), max(0.0, *rises)


def projections_of(area: StudyArea) -> tuple[SeaLevelProjection, ...]:
    """Those of this coast, else those of the global mean."""
    return area.projections or global_projections()


def mean_sinking(area: StudyArea) -> SinkingRate:
    """Rate at which the ground of the assets sinks, weighted by their value."""
    subsidence, assets = area.subsidence, area.observations.assets
    if subsidence is None:
        return STABLE
    weights = np.zeros(area.observations.region.shape)
    if assets is not None:
        value = assets["value"].fillna(0.0).to_numpy(dtype=float)  # unknown values weigh nothing
        weights = (asset_shares(assets, area.observations.region).T @ value)[:-1].reshape(weights.shape)
    return subsidence.mean(weights)


def scenarios_of(area: StudyArea, stated: Scenarios) -> Scenarios:
    """What measures are appraised in: the stated scenarios with the seas of this coast and its sinking land."""
    if area.subsidence is None:
        return stated.at_coast(area.projections)
    sinking = mean_sinking(area)
    source = f"the ground of the assets sinks by {sinking}: {area.subsidence.source}"
    return stated.at_coast(area.projections, sinking, source)


def land_sentences(area: StudyArea) -> tuple[str, ...]:
    """What the report says first of land that sinks; empty where it is taken as stable."""
    if area.subsidence is None:
        return ()
    uneven = "" if area.subsidence.is_uniform else " on average; some places sink faster, and the maps show where"
    return (
        f"The land sinks: the ground of the assets by {mean_sinking(area)}{uneven}. Maps and damage of today are those"
        f" of the land of {area.baseline}; maps whose name says 'land … lower' show land after subsidence. The rates"
        " are taken to stay as they are until 2100; less pumping of groundwater would lower them.",
    )
