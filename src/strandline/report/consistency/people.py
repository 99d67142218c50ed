"""People: whoever is counted in a part is counted in the whole."""

from collections.abc import Iterator

from strandline.planning.early_action.evacuation.evacuation_areas import EvacuationAreas
from strandline.report.consistency.agreement import is_at_most
from strandline.risk.impact.lives.loss_of_life import LossOfLife
from strandline.risk.impact.population import PopulationImpact
from strandline.risk.people import People


def people_nest(
    population: PopulationImpact | None, evacuation: EvacuationAreas | None, loss: LossOfLife | None = None
) -> Iterator[str]:
    """Nobody is exposed, cut off or evacuated who does not live here, and no district holds more than all.

    Nobody dies or is in danger who has no water at home, and by day or warned no more die than by night.

    Both bounds of a part are at most those of the whole.
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
    for area in () if evacuation is None else evacuation.areas:
        yield from _within(f"of evacuation area {area.name}", area.people, "who live here", residents)


def _within(part: str, fewer: People, whole: str, more: People) -> Iterator[str]:
    if fewer.is_unknown or more.is_unknown:
        return
    for bound, few, many in (("least", fewer.low, more.low), ("most", fewer.high, more.high)):
        if not is_at_most(few, many):
            yield f"People {part} are at {bound} {few:,.0f}, more than the {many:,.0f} {whole}."
