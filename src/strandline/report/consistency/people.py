"""People: whoever is counted in a part is counted in the whole."""

from collections.abc import Iterator

from strandline.planning.early_action.evacuation.evacuation_areas import EvacuationAreas
from strandline.report.consistency.agreement import is_at_most
from strandline.risk.impact.lives.by_all_drivers import PeopleByAllDrivers
from strandline.risk.impact.lives.loss_of_life import LossOfLife
from strandline.risk.impact.population import PopulationImpact
from strandline.risk.people import People


def people_nest(
    population: PopulationImpact | None,
    evacuation: EvacuationAreas | None,
    loss: LossOfLife | None = None,
    together: PeopleByAllDrivers | None = None,
) -> Iterator[str]:
    """Nobody is exposed, cut off or evacuated who does not live here, and no district holds more than all.

    Nobody dies or is in danger who has no water at home, and by day or warned no more die than by night.

    All drivers together reach no fewer than the sea alone. Both bounds of a part are at most those of the whole.
    """
    if population is None:
        return
    residents, exposed = population.residents, population.exposed
    yield from _within("with water at home", exposed, "who live here", residents)
    for refuge, people in population.cut_off.items():
        yield from _within(f"without a road to any {refuge}", people, "who live here", residents)
    for each in population.districts:
        where = each.district or "homes of no stated district"
        yield from _within(f"who live in {where}", each.residents, "who live here", residents)
        yield from _within(f"with water at home in {where}", each.exposed, f"who live in {where}", each.residents)
    if loss is not None:
        yield from _within("in dangerous depth", loss.in_danger, "with water at home", exposed)
        yield from _within("who may die by night", loss.by_night, "with water at home", exposed)
        yield from _within("who may die by day", loss.by_day, "who may die by night", loss.by_night)
        yield from _within("who may die although warned", loss.warned, "who may die by night", loss.by_night)
    if loss is not None and together is not None:
        yield from _by_all_drivers(population, loss, together)
    for area in () if evacuation is None else evacuation.areas:
        yield from _within(f"of evacuation area {area.name}", area.people, "who live here", residents)


def _by_all_drivers(population: PopulationImpact, loss: LossOfLife, together: PeopleByAllDrivers) -> Iterator[str]:
    """All drivers together reach no fewer than the sea alone, and their numbers nest."""
    today = loss.per_year[0]
    for what, by_sea, by_all in (
        ("with water at home", population.exposed, together.exposed),
        ("in dangerous depth", loss.in_danger, together.in_danger),
        ("who may die by night", loss.by_night, together.by_night),
        ("who may die by night on average", loss.on_average, together.on_average),
        ("who may die by day", loss.by_day, together.by_day),
        ("who may die although warned", loss.warned, together.warned),
        ("with water at home a year", today.with_water, together.per_year.with_water),
        ("in dangerous depth a year", today.in_danger, together.per_year.in_danger),
        ("who may die a year", today.deaths, together.per_year.deaths),
        *((f"without a road to any {name}", population.cut_off[name], each) for name, each in together.cut_off.items()),
    ):
        yield from _within(f"{what} by the sea alone", by_sea, f"{what} by all drivers", by_all)
    yield from _within("with water at home by all drivers", together.exposed, "who live here", population.residents)
    yield from _within("in dangerous depth by all drivers", together.in_danger, "with water at home", together.exposed)
    yield from _within("who may die by all drivers", together.by_night, "with water at home", together.exposed)


def _within(part: str, fewer: People, whole: str, more: People) -> Iterator[str]:
    if fewer.is_unknown or more.is_unknown:
        return
    for bound, few, many in (("least", fewer.low, more.low), ("most", fewer.high, more.high)):
        if not is_at_most(few, many):
            yield f"People {part} are at {bound} {few:,.0f}, more than the {many:,.0f} {whole}."
