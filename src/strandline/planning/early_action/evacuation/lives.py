"""Who may die in the flood that the plan prepares for, and what it is worth to leave, in sentences."""

from strandline.planning.formatting import format_people, format_percent, format_years
from strandline.risk.impact.lives.loss_of_life import BREACH_REACH, LEAVE, METHOD, LossOfLife
from strandline.risk.people import People


def lives_sentences(loss: LossOfLife | None, return_period: float) -> tuple[str, ...]:
    """Who may die by night, by day, on average and warned at a return period [years]; empty where nobody is counted."""
    if loss is None:
        return ()
    if loss.by_night.high == 0:
        return (
            f"In a flood of the sea that comes about once in {format_years(return_period)} no home is known or feared"
            " to stand in water, so nobody is counted as in danger. A higher sea may come.",
        )
    least, most = (format_percent(share) for share in LEAVE)
    by_day = "as many" if loss.by_day == loss.by_night else format_people(loss.by_day)
    return (
        f"In a flood of the sea that comes about once in {format_years(return_period)}, {may_die(loss.by_night)} if it"
        f" comes by night and nobody leaves; by day {by_day}.",
        f"Averaged over how high sea and ground may be, it is {format_people(loss.on_average)}: nobody knows better how"
        " deadly such water is.",
        f"If as many leave in time as did elsewhere when they were asked to ({least} to {most}), by night"
        f" {format_people(loss.warned)}. Do not count on it: whoever stays is in the same danger.",
    )


def what_lives_rest_on(loss: LossOfLife | None) -> tuple[str, ...]:
    """What the upper numbers hold, and the method; empty where nobody is counted."""
    if loss is None:
        return ()
    breach = f"The upper numbers hold a breach at homes within {BREACH_REACH / 1000:g} km of a surveyed embankment."
    if loss.breach_anywhere:
        breach = "No embankment was surveyed, so the upper numbers hold a breach wherever water is deep enough for one."
    weak = (
        "Nobody surveyed how strong the houses are: the upper numbers take them to be of earth, bamboo or sheet metal."
    )
    return (METHOD, breach, *([weak] if loss.houses_may_be_weak else []))


def may_die(people: People) -> str:
    """``between 3 and 120 people may die``."""
    return f"{format_people(people)} {'person' if people.high == 1 and people.low == 1 else 'people'} may die"
