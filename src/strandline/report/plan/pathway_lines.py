"""The adaptation pathways as Markdown: which measures follow one another, and which values to monitor."""

from dataclasses import dataclass

from strandline.planning.formatting import SPACE, format_expectation, pluralise
from strandline.planning.investment.pathways import Pathways, Signpost, Step


def pathway_lines(pathways: Pathways | None) -> list[str]:
    """Return the section on pathways; empty without any."""
    if pathways is None:
        return []
    lines = [
        "## What to build next as the sea rises",
        "",
        f"Damage a year must not exceed {100 * pathways.damage_share:.0f} % of today's ({pathways.objective_source})."
        " Each pathway below meets this up to the sea-level rise at which it ends; rises above"
        f" {pathways.highest_rise:.2f} m were not mapped.",
        "",
    ]
    lines += [f"- {describe_pathway(pathways, end)}" for end in pathways.ends]
    table = signpost_table(pathways)
    if table.rows:
        lines += ["", f"| once built | {' | '.join(table.indicators)} | decide on |"]
        lines += ["|---" * (len(table.indicators) + 2) + "|"]
        lines += [f"| {row.built} | {' | '.join(row.cells)} | {row.next} |" for row in table.rows]
    return [*lines, ""]


def describe_pathway(pathways: Pathways, end: tuple[str, ...]) -> str:
    """Return a pathway as a sentence."""
    steps = pathways.pathway(end)[1:]
    parts = []
    for number, step in enumerate(steps):
        when = "first" if number == 0 else f"then, at {format_tipping_point(steps[number - 1])},"
        years_late = pluralise(round(step.late_years), "year").replace(SPACE, " ")
        late = f" (in operation {years_late} late)" if step.late_years >= 1 else ""
        parts.append(f"{when} **{pathways.titles[step.built[-1]]}**{late}")
    cost = format_expectation(steps[-1].cost, in_text=True)
    return f"{'; '.join(parts)}. It works until {format_tipping_point(steps[-1])} and costs {cost} until 2100."


def format_tipping_point(step: Step) -> str:
    """``0.17 m of rise (2053 to 2070)``: the rise of a tipping point with its years."""
    point = step.tipping_point
    reached = [year for year in point.years.values() if year is not None]
    last = "after 2100" if len(reached) < len(point.years) else f"{max(reached)}"
    years = "after 2100" if not reached else last if last == f"{min(reached)}" else f"{min(reached)} to {last}"
    return f"{'at least ' if point.is_beyond_maps else ''}{point.rise[1]:.2f} m of rise ({years})"


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
    digits, unit = (2, " m") if post.unit == "m" else (1, "")
    return f"{post.decide_at:.{digits}f}{unit} (limit {post.tipping_at:.{digits}f}{unit})"
