"""What a reader of one page must know of a run, as values: what floods, how sure, what to do, by when, who."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from strandline.errors import InputError
from strandline.observations.exposure.place_names import PlaceName
from strandline.observations.region_file.values import parse_time_zone
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.planning.actions import MONITORING, Action, Confidence
from strandline.planning.early_action.evacuation.evacuation_areas import EvacuationArea, EvacuationAreas
from strandline.planning.early_action.hindcast import try_evacuation
from strandline.report.findings import RunResults
from strandline.report.flooded_land import flooded_land
from strandline.report.page.tables import at_least
from strandline.report.products import return_levels
from strandline.risk.expectation import Expectation
from strandline.risk.people import People

KEY_FINDINGS_FILE = "key_findings.json"


@dataclass(frozen=True)
class Between:
    """A range; 8 in 10 draws of a quantity, 9 in 10 cases of a number of people."""

    low: float
    high: float


@dataclass(frozen=True)
class Amount:
    """A quantity on average, and the range of 8 in 10 draws."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Lives:
    """People in the flood that the plan prepares for; ``None`` = unknown.

    Attributes:
        residents: who live here.
        wet: with water at home.
        may_die: by night if nobody leaves.
        by_map: counted by a map of people, not by a survey.
        wet_by_all_drivers, may_die_by_all_drivers: the same in a flood as rare, by sea, rain and rivers; ``None`` =
            the sea alone is counted.
    """

    residents: Between | None
    wet: Between | None
    may_die: Between | None
    by_map: bool
    wet_by_all_drivers: Between | None = None
    may_die_by_all_drivers: Between | None = None


@dataclass(frozen=True)
class Forecast:
    """How the forecast would have served evacuation in past floods, by the area that did worst."""

    verdict: Literal["untested", "cannot carry", "no safeguard", "carries"]
    in_time: int
    floods: int


@dataclass(frozen=True)
class AreaFindings:
    """Zones that leave together.

    Attributes:
        level: dangerous from a sea of [m, the run's datum]; ``None`` = the sea alone never endangers it.
        times, years: how often the sea passes it: so many times in so many years; ``rare``: more rarely than that.
        at_least: it may do so more often.
        people: who live there; ``None`` = unknown.
        day_hours, night_hours: before the sea passes the level at which to start to move, by day and at night [h].
        ahead_hours: by which water may come before the sea passes the level [h].
        standing_hours: longest time with water; ``None`` = unknown. ``endless``: no end was seen.
        other_drivers: that endanger it beside the sea; then ``times`` in ``years`` counts all together.
    """

    name: str
    zones: tuple[str, ...]
    level: float | None
    times: float
    years: int
    rare: bool
    at_least: bool
    people: Between | None
    day_hours: int
    night_hours: int
    ahead_hours: int
    standing_hours: int | None
    endless: bool
    other_drivers: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """Something to do.

    Attributes:
        kind, title, who: as in the plan; ``who`` empty = the emergency service.
        works_in_years: from the decision [a]; ``None`` = it is an emergency action.
        cost: present value, or of one event [money]; ``None`` = not stated.
        for_lives: it is not weighed in money.
    """

    kind: str
    title: str
    who: str
    works_in_years: float | None
    cost: Amount | None
    confidence: Confidence
    for_lives: bool


@dataclass(frozen=True)
class KeyFindings:
    """The answers of a run.

    Attributes:
        computed: date on the clock of the place.
        simulated: ``all`` of it, a ``part``, or ``none``.
        return_period: of the flood that the plan prepares for [a].
        sea_level: median, and range [m above ``datum``].
        flooded, known_land: land under 0.15 m of water or more in that flood, and land whose flood is known [m²].
        unknown_share: of the map [-].
        damage: a year [money]; ``None`` = unknown. ``at_least``: it is a lower bound.
        damage_by_all_drivers: with that of rain and rivers [money a-1]; ``None`` = the sea alone is counted.
        missed_share: of flooded cells that the map calls dry, in ``test_storms``; ``None`` = not measured.
        unknown_zones: nobody can call them safe.
        languages: of the people, RFC 3066.
        place_names: zone without a name of its own → names of the largest place in it.
    """

    place: str
    datum: str
    computed: str
    simulated: Literal["all", "part", "none"]
    authority: str | None
    contact: str | None
    languages: tuple[str, ...]
    return_period: float
    sea_level: Amount
    flooded: Amount
    known_land: float
    unknown_share: float
    lives: Lives | None
    currency: str
    price_year: int
    damage: Amount | None
    at_least: bool
    damage_by_all_drivers: Amount | None
    missed_share: float | None
    test_storms: int
    forecast: Forecast | None
    areas: tuple[AreaFindings, ...]
    unknown_zones: tuple[str, ...]
    steps: tuple[Step, ...]
    place_names: Mapping[str, PlaceName] = field(default_factory=dict)


def key_findings(results: RunResults) -> KeyFindings:
    """Collect the answers of a run."""
    plan, impact, hazard, issuer = results.plan, results.impact, results.hazard, results.issuer
    land, rarest = flooded_land(hazard, results.observations.terrain), return_levels(hazard).iloc[-1]
    started = results.run.started.tz_localize("UTC").tz_convert(parse_time_zone(issuer.time_zone))
    trial = try_evacuation(plan.protocol, plan.hindcasts)
    all_kinds = set().union(*results.kinds.values())
    return KeyFindings(
        place=hazard.region.name,
        datum=hazard.region.vertical_datum,
        computed=f"{started:%Y-%m-%d}",
        simulated="none" if "simulated" not in all_kinds else "all" if all_kinds == {"simulated"} else "part",
        authority=issuer.name if issuer.is_named else None,
        contact=issuer.contact,
        languages=issuer.languages,
        return_period=float(hazard.return_periods[-1]),
        sea_level=Amount(float(rarest["p50"]), float(rarest["p10"]), float(rarest["p90"])),
        flooded=Amount(land.flooded.mean, land.flooded.p10, land.flooded.p90),
        known_land=land.known_land,
        unknown_share=land.unknown_share,
        lives=_lives(results),
        currency=plan.money.currency,
        price_year=plan.money.price_year,
        damage=None if plan.without_money else _amount(impact.expected_annual_damage),
        at_least=bool(at_least(impact.share_beyond_maps)),
        damage_by_all_drivers=_amount(plan.damage_by_all_drivers),
        missed_share=results.learning.miss_rate,
        test_storms=results.learning.n_test_storms,
        forecast=None if trial is None else Forecast(trial.verdict, trial.in_time, trial.floods),
        areas=_areas(plan.evacuation),
        unknown_zones=() if plan.evacuation is None else plan.evacuation.unknown_zones,
        steps=_steps(plan.actions),
        place_names={} if plan.evacuation is None else plan.evacuation.place_names,
    )


def read_key_findings(path: Path) -> KeyFindings:
    """Read the answers that a run wrote.

    Raises:
        InputError: the file is missing, or an older version wrote it.
    """
    remedy = "run `strandline run` again"
    try:
        return TypeAdapter(KeyFindings).validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", remedy) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(path, f"{where or 'it'}: {first['msg']}", remedy) from error


def _amount(amount: Expectation | None) -> Amount | None:
    if amount is None or math.isnan(amount.mean):
        return None
    return Amount(amount.mean, amount.p10, amount.p90)


def _between(people: People | None) -> Between | None:
    return None if people is None or people.is_unknown else Between(people.low, people.high)


def _lives(results: RunResults) -> Lives | None:
    population, loss = results.impact.population, results.impact.loss_of_life
    together = results.impact.by_all_drivers
    if population is None:
        return None
    return Lives(
        _between(population.residents),
        _between(population.exposed),
        None if loss is None else _between(loss.by_night),
        population.counted_by == "map",
        None if together is None else _between(together.exposed),
        None if together is None else _between(together.by_night),
    )


def _areas(evacuation: EvacuationAreas | None) -> tuple[AreaFindings, ...]:
    return () if evacuation is None else tuple(_area(each) for each in evacuation.areas)


def _area(area: EvacuationArea) -> AreaFindings:
    frequency = area.frequency if area.all_drivers is None else area.all_drivers.frequency
    times, years = frequency.rounded
    water = area.water
    return AreaFindings(
        name=area.name,
        zones=area.zones,
        level=area.level if math.isfinite(area.level) else None,
        times=times,
        years=years,
        rare=frequency.is_rare,
        at_least=frequency.is_at_least,
        people=_between(area.people),
        day_hours=area.day_hours,
        night_hours=area.night_hours,
        ahead_hours=area.ahead_hours,
        standing_hours=None if water is None else water.standing_hours,
        endless=water is not None and water.has_no_end,
        other_drivers=() if area.all_drivers is None else area.all_drivers.drivers[1:],
    )


def _steps(actions: Sequence[Action]) -> tuple[Step, ...]:
    """Every action but monitoring, by priority."""
    return tuple(
        Step(
            kind=each.kind,
            title=each.title,
            who=each.who,
            works_in_years=each.lead_time_hours / HOURS_PER_YEAR if each.avoided_loss_per == "year" else None,
            cost=_amount(each.cost),
            confidence=each.confidence,
            for_lives=each.avoided_loss is None,
        )
        for each in actions
        if each.kind != MONITORING
    )
