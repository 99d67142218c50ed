"""The plan: long-term measures in order of priority, and triggers that start and stop emergency actions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from strandline.errors import InputError
from strandline.observations.region_file.prices.money import EUR_2010, MoneyUnit
from strandline.planning.actions import MONITORING, Action, ChosenStrategy, Portfolio, ScenarioOutcome
from strandline.planning.early_action.derive_triggers import (
    TriggeredAction,
    TriggerInputs,
    derive_triggers,
    join_protocol,
)
from strandline.planning.early_action.evacuation.evacuation_areas import EvacuationArea, EvacuationAreas
from strandline.planning.early_action.evacuation.lives import lives_sentences, what_lives_rest_on
from strandline.planning.early_action.hindcast import (
    Hindcast,
    HindcastData,
    confidence_of,
    evacuation_caveat,
    hindcast_protocol,
    untested_caveat,
)
from strandline.planning.early_action.neighbour_rule import NO_NEIGHBOUR
from strandline.planning.early_action.protocol import Night, Protocol
from strandline.planning.early_action.trigger_constants import PROBABILITY_FOR_LIVES
from strandline.planning.exposure.land_damage import LandDamage
from strandline.planning.exposure.notes import MAPPED_PEOPLE, embankment_notes, frequent_notes, value_notes
from strandline.planning.exposure.repairs import StretchRepair, plan_repairs
from strandline.planning.formatting import format_expression, format_money
from strandline.planning.investment.baseline import Baseline
from strandline.planning.investment.discounting import Economy
from strandline.planning.investment.pathways import Pathways
from strandline.planning.investment.plan_investments import plan_investments
from strandline.planning.investment.scenarios import Scenarios
from strandline.planning.measures import Measures
from strandline.risk.breaches.repair import Repair
from strandline.risk.expectation import Expectation
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.impact.impact import Impact
from strandline.risk.stage_damage.by_asset_class import StageDamageByClass
from strandline.risk.stage_damage.exposure import overlay_exposure
from strandline.risk.timing.by_zone import ZoneTime

NO_SURVEY = (
    "No money is stated and no measure is appraised, because no assets were surveyed. A survey of buildings and roads"
    " would change that: where each stands, its class, and its value or floor area; and with the people in each home,"
    " how many are in danger."
)
NO_VALUES = (
    "No money is stated and no measure is appraised, because nobody stated what the assets are worth: a map shows where"
    " buildings and roads are, and no price of a square metre was given. A survey with values or floor areas would"
    " change that; so would 'value_per_m2' or the preset of a country, with amounts as a wide range."
)


@dataclass(frozen=True, eq=False)
class EarlyActionInputs:
    """What the triggers of a place rest on, besides its hazard and damage.

    Attributes:
        evacuation: zones that are evacuated together; ``None`` = the zones are not known, and the region is one area.
        drainage_hours: stated time in which flooded land drains [h]; ``None`` = not known.
        forecasts: variables that live forecasts give, besides the water level.
        agreed_chance: above which people are called [-].
        flood_times: of the zones; empty = not simulated.
    """

    evacuation: EvacuationAreas | None = None
    drainage_hours: float | None = None
    forecasts: tuple[str, ...] = ()
    agreed_chance: float = PROBABILITY_FOR_LIVES
    flood_times: tuple[ZoneTime, ...] = ()

    @property
    def areas(self) -> tuple[EvacuationArea, ...]:
        """Evacuation areas; empty = none is known."""
        return () if self.evacuation is None else self.evacuation.areas

    @property
    def night(self) -> Night | None:
        """When people are asleep; ``None`` = no difference is made."""
        return None if self.evacuation is None else self.evacuation.night


NO_INPUTS = EarlyActionInputs()


@dataclass(frozen=True)
class Plan:
    """Actions for a region, with what they rest on and what they leave out.

    Attributes:
        expected_annual_damage: today, over the known assets [money a-1].
        vertical_datum: zero of the triggers' levels.
        protocol: what starts and stops each emergency action; ``None`` = no action pays.
        hindcasts: of each phase on the record, with all gauges, with gauge failures, and without any forecast.
        unknown_assets, unknown_value: assets of unknown damage, in no number here, and their stated value [money].
        budget: for investments [money]; ``None`` = no limit.
        discount_rate: per year [-].
        horizon_years: over which benefits and costs are counted [a].
        money: unit of every amount.
        basis: what money, discount rate, horizon and costs rest on.
        notes: what is left out, and why.
        is_simulated: any part of the hazard is simulated.
        portfolio: measures to be built together; ``None`` = none.
        scenarios: outcome of each scenario; empty where no measure was appraised.
        scenario_sources: name of a sea level, storminess or development → its source.
        pathways: order of measures while the sea rises; ``None`` = none was found, see ``notes``.
        evacuation: zones that are evacuated together, and their clearance times; ``None`` = the zones are not known.
        without_money: why no amount is stated, and what would change that; empty = amounts are stated.
        flood_times: when water comes to each zone and how long it stands; empty = not simulated.
        stretches: of embankments, the best repair first; empty = no breaches are sampled here.
        lives: who may die in the flood that the plan prepares for, and what it is worth to leave; empty = nobody is
            counted.
        lives_rest_on: method and what the upper numbers hold, in sentences.
        damage_by_all_drivers: today, by the sea and by rain and rivers beyond it [money a-1]; ``None`` = the sea alone
            is counted.
        rain_and_rivers: what the plan counts of their floods and what not, in sentences; empty = the place has none.
        chosen_strategy: drawn works that a person chose later, in no other number here; ``None`` = nobody has.
    """

    region: str
    vertical_datum: str
    actions: tuple[Action, ...]
    protocol: Protocol | None
    hindcasts: tuple[Hindcast, ...]
    notes: tuple[str, ...]
    expected_annual_damage: Expectation
    unknown_assets: int
    unknown_value: float
    budget: float | None
    discount_rate: float
    horizon_years: int
    is_simulated: bool
    money: MoneyUnit = EUR_2010
    basis: tuple[str, ...] = ()
    portfolio: Portfolio | None = None
    scenarios: tuple[ScenarioOutcome, ...] = ()
    pathways: Pathways | None = None
    scenario_sources: Mapping[str, str] = field(default_factory=dict)
    evacuation: EvacuationAreas | None = None
    without_money: str = ""
    flood_times: tuple[ZoneTime, ...] = ()
    stretches: tuple[StretchRepair, ...] = ()
    lives: tuple[str, ...] = ()
    lives_rest_on: tuple[str, ...] = ()
    damage_by_all_drivers: Expectation | None = None
    rain_and_rivers: tuple[str, ...] = ()
    chosen_strategy: ChosenStrategy | None = None

    @property
    def n_triggers(self) -> int:
        """Number of phases of the protocol."""
        return 0 if self.protocol is None else len(self.protocol.phases)

    @property
    def caveats(self) -> tuple[str, ...]:
        """What stands before all else: doubts about the forecast and about the terrain that evacuation rests on."""
        of_terrain = "" if self.evacuation is None else self.evacuation.doubt
        of_forecast = evacuation_caveat(self.protocol, self.hindcasts), untested_caveat(self.protocol)
        return tuple(filter(None, (*of_forecast, of_terrain)))


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
    frequent: Hazard | None = None,
    hindcast_data: HindcastData | None = None,
    early_action: EarlyActionInputs = NO_INPUTS,
    basis: Sequence[str] = (),
    left_out: Sequence[str] = (),
    repairs: Sequence[Repair] = (),
    land: LandDamage | None = None,
    rain_and_rivers: Sequence[str] = (),
) -> Plan:
    """Appraise all measures by running the damage chain with and without them, and derive the emergency triggers.

    Damage and all measures share their draws of levels, depths and curves, which are those of the impact, so that
    differences are due to the measures alone.

    Args:
        budget: for investments [money]; ``None`` = no limit.
        mean_sea_level: [m, region datum].
        sea_level_rise_hazards: maps of the same samples under sea-level rise; none is extrapolated.
        frequent: maps of the same samples at levels of shorter return periods.
        hindcast_data: the record on which the triggers are verified; ``None`` = there is none.
        early_action: what the triggers rest on, besides hazard and damage.
        basis: what money, discount rate, horizon and costs rest on, in sentences.
        left_out: measures that are not considered here, and why, in sentences.
        repairs: of stretches of embankments, the best first; empty = no breaches are sampled here.
        land: damage by rain and rivers to the assets of the impact; ``None`` = unknown, or there is none.
        rain_and_rivers: what is counted of their floods, in sentences.

    Raises:
        InputError: a negative budget, or what `appraise` refuses.
    """
    if budget is not None and not budget >= 0:
        raise InputError("plan", f"budget {budget:g} is negative", f"give {economy.money}, or none for no limit")
    notes, datum = list[str](), hazard.region.vertical_datum
    damage: StageDamageByClass | None = None
    actions: tuple[Action, ...] = ()
    portfolio: Portfolio | None = None
    outcomes: tuple[ScenarioOutcome, ...] = ()
    pathways: Pathways | None = None
    by_all: Expectation | None = None
    known = impact.assets["expected_annual_damage_mean"].notna().to_numpy()
    without_money = "" if len(impact.assets) else NO_SURVEY
    if len(impact.assets) and impact.assets["value"].isna().all():
        without_money = NO_VALUES
    if without_money:
        notes.append(without_money)
    elif not known.any():
        notes.append(
            "Long-term measures were not appraised: the damage of every asset is unknown. The triggers follow the sea"
            " level alone."
        )
    else:
        assets = impact.assets[known]
        exposure, hazards = overlay_exposure(assets, hazard.region), (hazard, *sea_level_rise_hazards)
        baseline = Baseline.of(hazards, assets, exposure, impact.curve_deviates, frequent)
        damage = baseline.events
        beside = None if land is None else land.of_assets(known)
        found = plan_investments(
            baseline, impact, measures.long_term, scenarios, economy, mean_sea_level, budget, rng, beside
        )
        by_all = None if land is None else found.damage
        actions, portfolio, outcomes, pathways = found.actions, found.portfolio, found.scenarios, found.pathways
        notes += found.notes
        notes += [*value_notes(assets, economy.money), *frequent_notes(impact.frequent, economy.money)]
    if impact.unknown_assets and without_money != NO_VALUES:
        notes.append(
            f"{impact.unknown_assets} assets (stated value"
            f" {format_money(impact.unknown_value, economy.money)}) have unknown damage and are"
            " in no number of this plan. Unknown is not safe."
        )
    if impact.population is not None and impact.population.counted_by == "map":
        notes.append(MAPPED_PEOPLE)
    if len(actions) > 1:
        notes.append(
            "Avoided losses of single measures overlap: do not add them. Their effect together is stated separately."
        )
    triggered, without_trigger = derive_triggers(
        TriggerInputs(
            hazard,
            damage,
            early_action.areas,
            early_action.night,
            early_action.drainage_hours,
            None if hindcast_data is None else hindcast_data.rule,
            "the record is too short to choose a threshold from" if hindcast_data is None else NO_NEIGHBOUR,
            early_action.forecasts,
            economy.money,
            early_action.agreed_chance,
        ),
        measures.operational,
        rng,
    )
    protocol = join_protocol(
        hazard.region.name, triggered, early_action.night, economy.money, early_action.agreed_chance
    )
    hindcasts: tuple[Hindcast, ...] = ()
    if protocol is not None and hindcast_data is None:
        notes.append("The triggers were not tested on a record: none is long enough.")
    elif protocol is not None and hindcast_data is not None:
        hindcasts = hindcast_protocol(protocol, triggered, hindcast_data)
    repaired = plan_repairs(repairs, measures, economy, impact.expected_annual_damage, budget)
    notes += [
        *drainage_notes(early_action),
        *left_out,
        *without_trigger,
        *embankment_notes(impact.assets, datum),
        *repaired.notes,
    ]
    operational = [_operational_action(each, hindcasts, economy.money) for each in triggered]
    return Plan(
        region=hazard.region.name,
        vertical_datum=datum,
        actions=_ranked([_monitoring(), *operational, *actions, *repaired.actions]),
        protocol=protocol,
        hindcasts=hindcasts,
        notes=(*notes, hazard.breaches),
        expected_annual_damage=impact.expected_annual_damage,
        unknown_assets=impact.unknown_assets,
        unknown_value=impact.unknown_value,
        budget=budget,
        discount_rate=economy.discount_rate,
        horizon_years=economy.horizon_years,
        money=economy.money,
        basis=() if without_money else tuple(basis),
        is_simulated=any(source.kind == "simulated" for source in hazard.provenance.values()),
        portfolio=portfolio,
        scenarios=outcomes,
        pathways=pathways,
        scenario_sources=scenarios.sources if outcomes else {},
        evacuation=early_action.evacuation,
        without_money=without_money,
        flood_times=early_action.flood_times,
        stretches=repaired.stretches,
        lives=lives_sentences(impact.loss_of_life, hazard.return_periods[-1], impact.by_all_drivers),
        lives_rest_on=what_lives_rest_on(impact.loss_of_life, impact.by_all_drivers),
        damage_by_all_drivers=by_all,
        rain_and_rivers=tuple(rain_and_rivers),
    )


def drainage_notes(inputs: EarlyActionInputs) -> list[str]:
    """Where stated drainage is faster than in the simulation: one of them is wrong."""
    stated, notes = inputs.drainage_hours, []
    for area in inputs.areas:
        water = area.water
        if stated is None or water is None or water.standing_hours is None:
            continue
        if water.has_no_end or water.standing_hours > stated:
            notes.append(
                f"Contradiction in area {area.name}: the region file states that flooded land drains in {stated:g}"
                f" hours, but in simulated floods water stood {water.standing_in_words} after the sea was last at the"
                " area's level. The triggers follow the stated hours. Check them before anybody returns."
            )
    return notes


def _operational_action(triggered: TriggeredAction, hindcasts: Sequence[Hindcast], money: MoneyUnit) -> Action:
    measure, first, cost = triggered.measure, triggered.phases[0], triggered.measure.cost
    own = {phase.name for phase in triggered.phases if phase.instead_of is None}
    confidence, why = confidence_of([each for each in hindcasts if each.phase in own])
    if any(each is not None and each.is_assumption for each in (measure.cost, measure.avoided_share)):
        confidence = "medium" if confidence == "high" else confidence
        why += " Its cost or effect is an assumption."
    if any(one.danger is not None for one in triggered.indicators.values()):
        confidence = "low" if confidence == "low" else "medium"
        why += " Before floods of rain and rivers it was not tested."
    return Action(
        kind=measure.key,
        title=measure.title,
        where=tuple(dict.fromkeys(name for phase in triggered.phases for name in phase.where)),
        when=_when(triggered, money),
        lead_time_hours=max(max(phase.needed_hours) for phase in triggered.phases),
        avoided_loss=triggered.avoided_loss,
        avoided_loss_per="event",
        cost=None if cost is None else Expectation.stated(cost.low, cost.value, cost.high),
        priority=0,
        confidence=confidence,
        why=f"{first.why} {why}",
    )


def _when(triggered: TriggeredAction, money: MoneyUnit) -> str:
    """When it starts: of several evacuation areas only that each has its own time, which their table states."""
    main = [phase for phase in triggered.phases if phase.instead_of is None]
    if len(main) > 1:
        return f"area by area, see the table of evacuation areas ({len(main)} areas)"
    first = main[0]
    text = first.when or format_expression(first.start, triggered.indicators, money)
    later = [phase.label for phase in triggered.phases if phase.instead_of is not None]
    return f"{text}; with less time left: {later[0].lower()}" if later else text


def _monitoring() -> Action:
    return Action(
        kind=MONITORING,
        title="Continue monitoring",
        where=(),
        when="always; a person confirms every alert",
        lead_time_hours=0.0,
        avoided_loss=None,
        avoided_loss_per="year",
        cost=None,
        priority=0,
        confidence="high",
        why="Every trigger needs readings; without them its rule for missing data applies.",
    )


def _ranked(actions: Sequence[Action]) -> tuple[Action, ...]:
    """Lives first, then monitoring, emergency actions, affordable measures by benefit-cost ratio, then the rest."""

    def rank(action: Action) -> tuple[int, float]:
        if action.kind == MONITORING:
            return 1, 0.0
        if action.avoided_loss is None:
            return 0, 0.0
        ratio = action.benefit_cost_ratio
        if ratio is None:
            return 2, -action.avoided_loss.mean
        return (3 if action.within_budget else 4), -ratio.mean

    ordered = sorted(actions, key=rank)
    return tuple(replace(action, priority=number) for number, action in enumerate(ordered, start=1))
