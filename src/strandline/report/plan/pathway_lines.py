"""The adaptation pathways as Markdown: which measures follow one another, and which values to monitor."""

from collections.abc import Sequence
from dataclasses import dataclass

from strandline.observations.region_file.prices.money import SPACE, MoneyUnit
from strandline.planning.formatting import format_expectation, pluralise
from strandline.planning.investment.pathways import Pathways, Signpost, Step
from strandline.planning.investment.tipping_points import TippingPoint

ABOUT_RANGES = (
    "Terrain errs by metres and extreme levels by decimetres: what a pathway holds is a range, in 8 of 10 draws. Its"
    " years are those of the lower rise in the fastest scenario and of the upper rise in the slowest."
)


def pathway_lines(pathways: Pathways | None, money: MoneyUnit) -> list[str]:
    """Return the section on pathways; empty without any."""
    if pathways is None:
        return []
    lines = [
        "## What to build next as the sea rises",
        "",
        f"Damage a year must not exceed {100 * pathways.damage_share:.0f} % of today's ({pathways.objective_source})."
        " Each pathway below meets this up to the sea-level rise at which it ends; rises above"
        f" {pathways.highest_rise:.2f} m were not mapped. {describe_beginning(pathways)} {ABOUT_RANGES}",
        "",
    ]
    lines += [f"- {describe_pathway(pathways, end, money)}" for end in pathways.ends]
    if why := describe_choice(pathways):
        lines += ["", why]
    table = signpost_table(pathways)
    if table.rows:
        lines += ["", f"| once built | {' | '.join(table.indicators)} | decide on |"]
        lines += ["|---" * (len(table.indicators) + 2) + "|"]
        lines += [f"| {row.built} | {' | '.join(row.cells)} | {row.next} |" for row in table.rows]
    return [*lines, ""]


def describe_pathway(pathways: Pathways, end: tuple[str, ...], money: MoneyUnit) -> str:
    """Return a pathway as a sentence."""
    last = pathways.pathway(end)[-1]
    cost, point = format_expectation(last.cost, money), format_tipping_point(last.tipping_point)
    return f"{describe_sequence(pathways, end)}. It works until {point} and costs {cost} until 2100."


def describe_sequence(pathways: Pathways, end: tuple[str, ...]) -> str:
    """Return the steps of a pathway, and the rise at which each follows; the same range is written once."""
    parts: list[str] = []
    before = written = ""
    for step in pathways.pathway(end)[1:]:
        when = "first"
        if parts:
            when = "then, at a higher rise within that range," if before == written else f"then, at {before},"
            written = before
        parts.append(f"{when} **{describe_step(pathways, step)}**{describe_wait(step)}")
        before = format_tipping_point(step.tipping_point)
    return "; ".join(parts)


def describe_step(pathways: Pathways, step: Step) -> str:
    """Return what a step builds: ``the proposal``, or the titles of its measures."""
    return "the proposal" if step.added == pathways.proposal else titles_of(pathways, step.added)


def describe_wait(step: Step) -> str:
    """Return for how long the limit may be missed until the step works; empty where it works in time."""
    if step.late_years < 1:
        return ""
    years = pluralise(round(step.late_years), "year").replace(SPACE, " ")
    works = "all of it works" if len(step.added) > 1 else "it works"
    return f" (until {works}, damage may exceed the limit for {years})"


def describe_choice(pathways: Pathways) -> str:
    """Return why there is one pathway and no choice between several; empty where there is one."""
    if len(pathways.ends) != 1:
        return ""
    point = pathways.pathway(pathways.ends[0])[-1].tipping_point
    if point.is_beyond_maps:
        return (
            "There is one pathway, because on average it meets the limit up to the highest rise that was mapped:"
            " nothing has to follow it until then."
        )
    return "There is one pathway: no other sequence lasts noticeably longer, or costs less until 2100."


def describe_beginning(pathways: Pathways) -> str:
    """Return how the pathways begin: with the proposal, or with nothing."""
    if pathways.proposal:
        return "Every pathway begins with the proposal."
    return (
        "The proposal is to build nothing now, because nothing pays enough; the pathways show what it would take to"
        " meet this all the same."
    )


def titles_of(pathways: Pathways, kinds: Sequence[str]) -> str:
    """Return the titles of a step's measures."""
    return ", ".join(pathways.titles[kind] for kind in kinds)


def format_tipping_point(point: TippingPoint) -> str:
    """``0.1 to 0.2 m of rise (2041 to 2070)``: decimetres, because terrain errs by more, and the years of both ends.

    The years begin with the lower rise in the fastest scenario and end with the upper one in the slowest.
    """
    low, _, high = point.rise
    first, last = point.first_year, point.last_year
    end = "after 2100" if last is None else f"{last}"
    years = "after 2100" if first is None else end if f"{first}" == end else f"{first} to {end}"
    return f"{format_rise_between(low, high, is_open=high >= point.highest_rise)} of rise ({years})"


def format_rise_between(low: float, high: float, *, is_open: bool = False) -> str:
    """``0.1 to 0.3 m``, ``less than 0.1 m``, ``0.3 to 0.5 m or more``: decimetres."""
    more = " or more" if is_open else ""
    if f"{low:.1f}" == f"{high:.1f}":
        about = "" if is_open else "about "
        return "less than 0.1 m" if high < 0.05 and not is_open else f"{about}{high:.1f} m{more}"
    return f"{low:.1f} to {high:.1f} m{more}"


@dataclass(frozen=True)
class SignpostRow:
    """The values to decide at and the tipping points while ``built`` is in place, one cell for each indicator."""

    built: str
    cells: tuple[str, ...]
    next: str


@dataclass(frozen=True)
class SignpostTable:
    """Signposts with one column for each indicator."""

    indicators: tuple[str, ...]
    rows: tuple[SignpostRow, ...]


def signpost_table(pathways: Pathways) -> SignpostTable:
    """Return one row for each set of measures that is followed by another one."""
    indicators = tuple(dict.fromkeys(post.indicator for post in pathways.signposts))
    rows = []
    for built in dict.fromkeys(post.built for post in pathways.signposts):
        posts = {post.indicator: post for post in pathways.signposts if post.built == built}
        rows.append(
            SignpostRow(
                built=", ".join(pathways.titles[kind] for kind in built),
                cells=tuple(_format_signpost(posts[name]) if name in posts else "–" for name in indicators),
                next=" or ".join(pathways.titles[kind] for kind in next(iter(posts.values())).next),
            )
        )
    return SignpostTable(indicators, tuple(rows))


def _format_signpost(post: Signpost) -> str:
    low, _, high = post.tipping_at
    if post.unit == "m":
        decide = "now" if post.decide_at < 0.05 else f"{post.decide_at:.1f} m"
        return f"{decide} (limit {format_rise_between(low, high)})"
    limit = f"{low:.1f}" if f"{low:.1f}" == f"{high:.1f}" else f"{low:.1f} to {high:.1f}"
    return f"{post.decide_at:.1f} (limit {limit})"
