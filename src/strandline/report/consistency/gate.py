"""The gate before every product: results that contradict one another are not published."""

from collections.abc import Iterator

from strandline.errors import Contradiction
from strandline.report.consistency.assets_and_map import assets_follow_the_map
from strandline.report.consistency.damage import avoided_within_damage, parts_add_up
from strandline.report.consistency.one_value import one_value_everywhere
from strandline.report.consistency.people import people_nest
from strandline.report.consistency.places import places_are_known
from strandline.report.consistency.plan import order_is_by_priority, proposal_follows_from_scenarios
from strandline.report.consistency.sea import levels_ascend
from strandline.report.findings import RunResults


def refuse_contradictions(results: RunResults) -> None:
    """Check everything that several products state, before the first of them is written.

    Raises:
        Contradiction: a sentence for each.
    """
    found = list(contradictions(results))
    if found:
        raise Contradiction(found)


def contradictions(results: RunResults) -> Iterator[str]:
    """A sentence for each contradiction between the numbers of a run."""
    plan, impact = results.plan, results.impact
    yield from levels_ascend(results.hazard)
    yield from parts_add_up(impact)
    yield from avoided_within_damage(plan, impact)
    yield from people_nest(impact.population, plan.evacuation, impact.loss_of_life, impact.by_all_drivers)
    yield from assets_follow_the_map(results.hazard, impact)
    yield from order_is_by_priority(plan)
    yield from proposal_follows_from_scenarios(plan)
    yield from places_are_known(plan, impact)
    yield from one_value_everywhere(results)
