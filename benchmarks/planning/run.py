"""One simulated delta, planned with the costs of a country and a discount rate."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np

from benchmarks.delta.bathtub import connected_bathtub
from benchmarks.record import Row
from strandline.observations.arrays import Floats
from strandline.observations.observations import Observations
from strandline.observations.region_file.planning_section import PlanningSection
from strandline.observations.region_file.prices.money import EUR_2010
from strandline.observations.region_file.prices.preset import Preset, PresetName, load_preset
from strandline.planning.investment.baseline import Baseline
from strandline.planning.investment.plan_investments import Investments, plan_investments
from strandline.planning.settings import read_planning_settings
from strandline.report.plan.pathway_lines import format_tipping_point
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.impact.impact import assess_impact
from strandline.risk.stage_damage.exposure import overlay_exposure
from strandline.simulator.coast import simulate_coast

SEED, SAMPLES, START_YEAR = 3, 40, 2026
PERIODS = (2.0, 5.0, 10.0, 25.0, 50.0, 100.0)
LOCATION, SCALE = 1.2, 0.3
"""[m above mean sea level] of the Gumbel distribution of annual maxima, made up."""
LEVEL_SD, GROUND_SD = 0.15, 0.5
"""Standard deviation of the levels, and of the ground's error that all cells share [m]; assumptions."""
RISES = (0.5, 1.0)
"""[m] Mapped as well."""
VALUED_IN: PresetName = "bangladesh"
"""The simulated survey has the construction costs of this country."""


@dataclass(frozen=True, eq=False)
class Delta:
    """A simulated survey and still-water flood maps of today's sea and of higher ones."""

    coast: Observations
    hazards: tuple[Hazard, ...]

    @property
    def assets(self) -> gpd.GeoDataFrame:
        """In EUR 2010."""
        return self.coast.require_assets()


def simulate_delta() -> Delta:
    """The delta; water stands level on what is connected to the sea."""
    coast = simulate_coast("delta", SEED, years=2.0, n_storms=1, n_surveys=0, inhabited=True)
    rng = np.random.default_rng(SEED)
    gumbel = LOCATION - SCALE * np.log(-np.log1p(-1 / np.asarray(PERIODS)))
    levels = gumbel + LEVEL_SD * rng.standard_normal((SAMPLES, 1))
    error = GROUND_SD * rng.standard_normal(SAMPLES)
    return Delta(coast, tuple(_hazard(coast, levels + rise, error) for rise in (0.0, *RISES)))


def _hazard(coast: Observations, levels: Floats, error: Floats) -> Hazard:
    elevation = coast.terrain["elevation"].values.astype(float)
    water = coast.terrain["permanent_water"].values > 0.5
    depth = np.zeros((*levels.shape, *elevation.shape), dtype=np.float32)
    for sample, row in enumerate(levels):
        for period, level in enumerate(row):
            ground = elevation + error[sample]
            wet = connected_bathtub(ground, water, float(level))
            depth[sample, period] = np.where(wet, level - ground, 0.0)
    depth[..., np.isnan(elevation)] = np.nan
    probability = np.where(np.isnan(depth[0]), np.nan, (depth >= 0.15).mean(axis=0)).astype(np.float32)
    return Hazard(
        coast.region, PERIODS, levels, depth, probability, np.round(probability), np.zeros_like(probability),
        {"terrain": coast.provenance["terrain"]},
    )  # fmt: skip


def plans(delta: Delta, presets: Sequence[PresetName], rates: Sequence[float]) -> Iterator[Row]:
    """The same delta under the costs of each country and each discount rate."""
    for name in presets:
        for rate in rates:
            section = PlanningSection(preset=name, discount_rate=rate)
            found = _plan(delta, section)
            yield _row(name, section, rate, found)


def _plan(delta: Delta, section: PlanningSection) -> Investments:
    assert section.preset is not None
    settings, preset = read_planning_settings(section), load_preset(section.preset)
    assets = delta.assets.copy()
    assets["value"] *= section.prices.factor(EUR_2010) * _relative_cost(preset)
    rng = np.random.default_rng(SEED)
    impact = assess_impact(delta.hazards[0], assets, delta.coast.region.continent, rng)
    known = impact.assets[impact.assets["expected_annual_damage_mean"].notna()]
    exposure = overlay_exposure(known, delta.coast.region)
    baseline = Baseline.of(delta.hazards, known, exposure, impact.curve_deviates)
    return plan_investments(
        baseline, impact, settings.measures.long_term, settings.scenarios, settings.economy(START_YEAR), 0.0, None, rng
    )


def _relative_cost(preset: Preset) -> float:
    """Cost of building a home, that of the simulated survey = 1."""
    here, there = (each.construction_cost["residential"].bounds[1] for each in (preset, load_preset(VALUED_IN)))
    return here / there


def _row(name: str, section: PlanningSection, rate: float, found: Investments) -> Row:
    proposal, pathways = found.portfolio, found.pathways
    row: Row = {
        "preset": name,
        "money": str(section.money),
        "discount_rate": rate,
        "proposal": "nothing" if proposal is None else ", ".join(proposal.kinds),
        "investment": None if proposal is None else proposal.investment.mean,
        "cost": None if proposal is None else proposal.cost.mean,
        "value_if_nothing_changes": None if proposal is None else proposal.net_present_value.mean,
        "benefit_cost_ratio": None if proposal is None else proposal.benefit_cost_ratio.mean,
        "pays_in": None if proposal is None else f"{proposal.robustness.pays_in} of {proposal.robustness.of}",
        "damage_in_the_middle_scenario": found.scenarios[len(found.scenarios) // 2].damage.mean,
        "no_regret": ", ".join(
            each.kind for each in found.actions if each.robustness is not None and each.robustness.is_no_regret
        )
        or "none",
    }
    if pathways is not None:
        steps = {step.built: step for step in pathways.steps}
        row["pathways_begin_with"] = ", ".join(pathways.proposal) or "nothing"
        row["tipping_point"] = format_tipping_point(steps[pathways.proposal].tipping_point)
    return row
