"""The plan: which measures pay, in which order, and what starts and stops each action in an emergency."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import geopandas as gpd
import numpy as np

from strandline.errors import InputError
from strandline.planning.actions import Action, ActionParameters, Bounds, Portfolio, ScenarioOutcome
from strandline.planning.early_action.derive_triggers import TriggeredAction, derive_operations, join_protocol
from strandline.planning.early_action.hindcast import Hindcast, HindcastData, hindcast_triggers
from strandline.planning.early_action.protocol import Protocol
from strandline.planning.formatting import format_expression
from strandline.planning.investment.design import Baseline
from strandline.planning.investment.discounting import Economy
from strandline.planning.investment.pathways import Pathways
from strandline.planning.investment.plan_investments import plan_investments
from strandline.planning.investment.scenarios import Scenarios
from strandline.planning.measures import Measures
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.impact.impact import Impact, draw_curve_deviates
from strandline.risk.stage_damage.by_asset_class import StageDamageByClass
from strandline.risk.stage_damage.exposure import overlay_exposure

MORE_LIKELY_THAN_NOT = 0.5


@dataclass(frozen=True)
class Plan:
    """What to do in a region, for whom it was computed and what it leaves out.

    Attributes:
        expected_annual_damage: p10, p50, p90 today, over the known assets [EUR 2010 a-1].
        vertical_datum: what 0 m means for the triggers' levels.
        protocol: what starts and stops each emergency action; ``None`` = no action is worth it.
        action_parameters: of each emergency action, in the order of the protocol's phases.
        track_records: how its phases would have fared in the record, each with and without dead streams.
        unknown_assets: how many are in no number here.
        unknown_value: what those are worth, where that is stated [EUR 2010].
        budget: for investments [EUR 2010]; ``None`` = no limit.
        discount_rate: per year [-].
        horizon_years: over which benefits and costs are counted [a].
        notes: what was left out and why.
        is_simulated: any part of the hazard is simulated.
        portfolio: what is to be built together; ``None`` = nothing.
        scenarios: how each scenario treats the place; empty where nothing was weighed.
        scenario_sources: name of a sea level, storminess or development → who says so.
        pathways: which measures follow which while the sea rises; ``None`` = none were found, see ``notes``.
    """

    region: str
    vertical_datum: str
    actions: tuple[Action, ...]
    protocol: Protocol | None
    hindcasts: tuple[Hindcast, ...]
    notes: tuple[str, ...]
    expected_annual_damage: Bounds
    unknown_assets: int
    unknown_value: float
    budget: float | None
    discount_rate: float
    horizon_years: int
    is_simulated: bool
    portfolio: Portfolio | None = None
    scenarios: tuple[ScenarioOutcome, ...] = ()
    pathways: Pathways | None = None
    scenario_sources: Mapping[str, str] = field(default_factory=dict)
    action_parameters: tuple[ActionParameters, ...] = ()

    @property
    def n_triggers(self) -> int:
        """How many phases the protocol has."""
        return 0 if self.protocol is None else len(self.protocol.phases)


def plan_adaptation(
    hazard: Hazard,
    impact: Impact,
    *,
    budget: float | None,
    economy: Economy,
    measures: Measures,
    scenarios: Scenarios,
    mean_sea_level: float,
    rng: np.random.Generator,
    sea_level_rise_hazards: Sequence[Hazard] = (),
    hindcast_data: HindcastData | None = None,
) -> Plan:
    """Weigh all measures by running the damage chain with and without them, and derive the emergency triggers.

    All runs share their draws of levels, depths and curves, so that their difference is the measures' own.

    Args:
        budget: for investments [EUR 2010]; ``None`` = no limit.
        mean_sea_level: [m, region datum].
        higher_seas: maps of the same samples when the sea has risen; what lies above the highest is not extrapolated.
        hindcast_data: the record to test the triggers on; ``None`` = there is none.

    Raises:
        InputError: a negative budget, or what `appraise` refuses.
    """
    if budget is not None and not budget >= 0:
        raise InputError("plan", f"budget {budget:g} is negative", "give EUR, or none for no limit")
    notes: list[str] = []
    damage: StageDamageByClass | None = None
    actions: tuple[Action, ...] = ()
    portfolio: Portfolio | None = None
    outcomes: tuple[ScenarioOutcome, ...] = ()
    pathways: Pathways | None = None
    known = impact.assets["expected_annual_damage_p50"].notna().to_numpy()
    if not known.any():
        missing = "no assets are given" if len(impact.assets) == 0 else "the damage of every asset is unknown"
        notes.append(f"Long-term measures were not weighed: {missing}. The triggers follow the sea level alone.")
    else:
        assets = impact.assets[known]
        deviates = draw_curve_deviates(len(hazard.levels), rng)
        site = Baseline.of(hazard, assets, overlay_exposure(assets, hazard.region), deviates)
        damage = site.events
        found = plan_investments(
            site, impact, measures.long_term, sea_level_rise_hazards, scenarios, economy, mean_sea_level, budget, rng
        )
        actions, portfolio, outcomes, pathways = found.actions, found.portfolio, found.scenarios, found.pathways
        notes += found.notes
    if impact.unknown_assets:
        notes.append(
            f"{impact.unknown_assets} assets (stated value EUR {impact.unknown_value:,.0f}) have unknown damage and are"
            " in no number of this plan. Unknown is not safe."
        )
    if len(actions) > 1:
        notes.append("Avoided losses of single measures overlap: do not add them. What they do together is told apart.")
    operations, remarks = derive_operations(hazard, damage, measures.operational, rng)
    if hindcast_data is None and operations:
        notes.append("The triggers were not tested on a record: none is long enough.")
    return Plan(
        region=hazard.region.name,
        vertical_datum=hazard.region.vertical_datum,
        actions=_ranked([_monitoring(), *(_operational_action(o) for o in operations), *actions]),
        protocol=join_protocol(hazard.region.name, operations),
        hindcasts=() if hindcast_data is None else hindcast_triggers(hazard.region.name, operations, hindcast_data),
        notes=(*notes, *remarks),
        expected_annual_damage=impact.expected_annual_damage,
        unknown_assets=impact.unknown_assets,
        unknown_value=impact.unknown_value,
        budget=budget,
        discount_rate=economy.discount_rate,
        horizon_years=economy.horizon_years,
        is_simulated=any(source.kind == "simulated" for source in hazard.provenance.values()),
        portfolio=portfolio,
        scenarios=outcomes,
        pathways=pathways,
        scenario_sources=scenarios.sources if outcomes else {},
        action_parameters=tuple(_action_parameters(operation) for operation in operations),
    )


def _operational_action(operation: TriggeredAction) -> Action:
    measure, phase, cost = operation.measure, operation.phase, operation.measure.cost
    return Action(
        kind=measure.key,
        title=measure.title,
        where=phase.where,
        when=f"when {format_expression(phase.start, operation.indicators)}",
        lead_time_hours=measure.lead_window_hours[1],
        avoided_loss=operation.avoided_loss,
        avoided_loss_per="event",
        cost=None if cost is None else (cost.low, cost.value, cost.high),
        priority=0,
        confidence="medium" if measure.life_safety else "low",
        why=phase.why,
    )


def _action_parameters(operation: TriggeredAction) -> ActionParameters:
    measure, phase, cost = operation.measure, operation.phase, operation.measure.cost
    assert phase.event is not None
    levels, avoidable = (
        ((), ()) if operation.avoidable is None else (tuple(each.tolist()) for each in operation.avoidable)
    )
    return ActionParameters(
        action=measure.key,
        life_safety=measure.life_safety,
        classes=measure.classes,
        where=phase.where,
        lead_window_hours=measure.lead_window_hours,
        response=measure.response,
        level=phase.event.value,
        cost=None if cost is None else (cost.low, cost.value, cost.high),
        levels=levels,
        avoidable_loss=avoidable,
        crews=measure.crews,
    )


def _monitoring() -> Action:
    return Action(
        kind="continue_monitoring",
        title="Continue monitoring",
        where=(),
        when="always; a person confirms every alert",
        lead_time_hours=0.0,
        avoided_loss=None,
        avoided_loss_per="year",
        cost=None,
        priority=0,
        confidence="high",
        why="Every trigger stands on a reading; without readings the degraded rules apply.",
    )


def _ranked(actions: Sequence[Action]) -> tuple[Action, ...]:
    """Lives, then monitoring, then affordable money by benefit-cost ratio, then the rest."""

    def rank(action: Action) -> tuple[int, float]:
        if action.kind == "continue_monitoring":
            return 1, 0.0
        if action.avoided_loss is None:
            return 0, 0.0
        ratio = action.benefit_cost_ratio
        if ratio is None:
            return 2, -action.avoided_loss[1]
        return (3 if action.within_budget else 4), -ratio[1]

    ordered = sorted(actions, key=rank)
    return tuple(replace(action, priority=place) for place, action in enumerate(ordered, start=1))


def breach_notes(assets: gpd.GeoDataFrame, return_period: float) -> tuple[str, ...]:
    """One note on the embankments whose crest the survey knows; empty without any.

    Args:
        assets: of an impact, with ``breach`` at ``return_period`` [a] and ``breach_per_year``.
    """
    if "breach" not in assets:
        return ()
    known = assets[assets["breach"].notna()].sort_values("breach", ascending=False, kind="stable")
    likely = known[known["breach"] >= MORE_LIKELY_THAN_NOT]
    count = f"Of {len(known)} embankment{'' if len(known) == 1 else 's'} whose crest is known, "
    if likely.empty:
        said = f"{count}none is more likely than not to breach at the {return_period:g}-year level"
    else:
        names = ", ".join(str(name) for name in likely["asset_id"].head(3)) + (" and others" if len(likely) > 3 else "")
        said = f"{count}{len(likely)} would more likely than not breach at the {return_period:g}-year level ({names})"
    worst = known.iloc[0]
    return (
        f"{said}; the weakest, {worst['asset_id']}, about {worst['breach_per_year']:.2g} times a year."
        " The flood maps and damages of this plan contain no such breach.",
    )
