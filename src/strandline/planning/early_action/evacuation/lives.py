"""Who may die in the flood that the plan prepares for, and what it is worth to leave, in sentences."""

from strandline.planning.early_action.evacuation.all_drivers import in_words
from strandline.planning.formatting import format_people, format_percent, format_years
from strandline.risk.hazard.joint.driver_nodes import OTHER_PERIODS
from strandline.risk.impact.lives.by_all_drivers import PeopleByAllDrivers
from strandline.risk.impact.lives.loss_of_life import BREACH_REACH, LEAVE, METHOD, LossOfLife
from strandline.risk.people import People

METHOD_OF_LAND = (
    "Water of {others} is counted by the same mortality: how fast it rises is unknown, so the upper numbers take it to"
    " rise as fast as any on record. It adds to the numbers of the sea, by maps of both together; homes that these maps"
    f" keep dry count as dry, and what is rarer than once in {OTHER_PERIODS[-1]:g} years counts as that."
)
"""What the numbers by all drivers rest on, for readers."""


def lives_sentences(
    loss: LossOfLife | None, return_period: float, together: PeopleByAllDrivers | None = None
) -> tuple[str, ...]:
    """Who may die by night, by day, on average and warned at a return period [years]; empty where nobody is counted.

    Args:
        together: by all drivers of floods; ``None`` = the sea alone is counted.
    """
    if loss is None:
        return ()
    lives, flood = (loss, "the sea") if together is None else (together, in_words(together.drivers, "or"))
    years = format_years(return_period)
    if lives.by_night.high == 0:
        higher = "A higher sea" if together is None else "A greater flood"
        return (
            f"In a flood of {flood} that comes about once in {years} no home is known or feared to stand in water, so"
            f" nobody is counted as in danger. {higher} may come.",
        )
    least, most = (format_percent(share) for share in LEAVE)
    by_day = "as many" if lives.by_day == lives.by_night else format_people(lives.by_day)
    sea = "" if together is None else f" By the sea alone it would be {format_people(loss.by_night)} by night."
    high = "sea and ground" if together is None else "water and ground"
    return (
        f"In a flood of {flood} that comes about once in {years}, {may_die(lives.by_night)} if it comes by night and"
        f" nobody leaves; by day {by_day}.{sea}",
        f"Averaged over how high {high} may be, it is {format_people(lives.on_average)}: nobody knows better how"
        " deadly such water is.",
        f"If as many leave in time as did elsewhere when they were asked to ({least} to {most}), by night"
        f" {format_people(lives.warned)}. Do not count on it: whoever stays is in the same danger.",
    )


def lives_a_year(loss: LossOfLife, together: PeopleByAllDrivers) -> str:
    """People in the highest flood of a year by all drivers, and by the sea alone, as a sentence."""
    wet, deep, dead, *by_sea = (
        format_people(each)
        for row in (together.per_year, loss.per_year[0])
        for each in (row.with_water, row.in_danger, row.deaths)
    )
    return (
        f"By {in_words(together.drivers)} together, {wet} people have water at home in the highest flood of a year on"
        f" average, {deep} of them in dangerous depth, and {dead} may die if nobody leaves. By the sea alone it is"
        f" {', '.join(by_sea[:2])}, and {by_sea[2]}, in this order."
    )


def what_lives_rest_on(loss: LossOfLife | None, together: PeopleByAllDrivers | None = None) -> tuple[str, ...]:
    """What the upper numbers hold, and the method; empty where nobody is counted.

    Args:
        together: by all drivers of floods; ``None`` = the sea alone is counted.
    """
    if loss is None:
        return ()
    breach = f"The upper numbers hold a breach at homes within {BREACH_REACH / 1000:g} km of a surveyed embankment."
    if loss.breach_anywhere:
        breach = "No embankment was surveyed, so the upper numbers hold a breach wherever water is deep enough for one."
    weak = (
        "Nobody surveyed how strong the houses are: the upper numbers take them to be of earth, bamboo or sheet metal."
    )
    land = METHOD_OF_LAND.format(others=in_words(together.drivers[1:])) if together is not None else ""
    return (METHOD, breach, *([weak] if loss.houses_may_be_weak else []), *([land] if land else []))


def may_die(people: People) -> str:
    """``between 3 and 120 people may die``."""
    return f"{format_people(people)} {'person' if people.high == 1 and people.low == 1 else 'people'} may die"
