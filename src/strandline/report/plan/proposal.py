"""What a council votes on, in plain words: what is built together, how it fares in each future, and what follows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from strandline.planning.actions import Action
from strandline.planning.formatting import format_money, format_money_between, format_money_bounds
from strandline.planning.investment.pathways import Pathways, Signpost, Step
from strandline.planning.plan import Plan
from strandline.report.plan.futures_table import summarise_by_sea_level

money = partial(format_money, in_text=True)
money_between = partial(format_money_between, in_text=True)
money_bounds = partial(format_money_bounds, in_text=True)


def proposal_lines(plan: Plan) -> list[str]:
    """The measures to be built together; nothing where nothing was weighed."""
    if not plan.scenarios:
        return []
    lines = ["## The proposal", ""]
    if plan.portfolio is None:
        return [*lines, "Build nothing now: in no affordable combination would that be regretted less.", ""]
    proposal, robust = plan.portfolio, plan.portfolio.robustness
    low, middle, high = proposal.benefit_cost_ratio
    return [
        *lines,
        f"Build together: **{', '.join(titles(plan, proposal.kinds))}**.",
        "",
        f"- First payment: {money_bounds(proposal.investment)}; over {plan.horizon_years} years, upkeep and"
        f" renewal included: {money_bounds(proposal.cost)}.",
        f"- As things are today this avoids {money_bounds(proposal.avoided_loss)} a year; if nothing changes, every"
        f" euro saves about {middle:.1f} (between {low:.1f} and {high:.1f}).",
        f"- It pays in {robust.pays_in} of {robust.of} futures: its worth over the years is"
        f" {money(robust.lowest)} in the one that suits it worst and {money(robust.highest)} in the one that"
        " suits it best.",
        f"- In the worst tenth of all cases of its worst future it is worth {money(robust.worst_tenth)} on average.",
        f"- At most {money(robust.maximum_regret)} would be regretted: so much more another choice would have been"
        f" worth in the future of {robust.regretted_in}.",
        "",
    ]


def action_lines(action: Action) -> list[str]:
    """What, where, by when, who, cost, whom it protects, how sure, why."""
    beyond = "" if action.within_budget else " – worth it, but beyond the budget"
    lines = [f"{action.priority}. **{action.title}**{beyond}"]
    if action.what:
        lines.append(f"   - What: {action.what}")
    shown = ", ".join(action.where[:8]) or "the whole region"
    more = f" and {len(action.where) - 8} more" if len(action.where) > 8 else ""
    lines += [f"   - Where: {shown}{more}.", f"   - By when: {action.when}."]
    if action.who:
        lines.append(f"   - Who: {action.who}.")
    if action.cost is not None:
        lines.append(
            f"   - Costs {money_bounds(action.cost)}{' per event' if action.avoided_loss_per == 'event' else ''}."
        )
    if action.protects:
        lines.append(f"   - Protects: {action.protects}.")
    if action.avoided_loss is not None:
        lines.append(f"   - Avoids {money_bounds(action.avoided_loss)} per {action.avoided_loss_per}.")
    if action.benefit_cost_ratio is not None:
        low, middle, high = action.benefit_cost_ratio
        lines.append(
            f"   - Every euro spent saves about {middle:.1f} (between {low:.1f} and {high:.1f}) if nothing changes."
        )
    lines += [f"   - How sure: {action.confidence} confidence.", f"   - Why: {action.why}"]
    return lines


def futures_lines(plan: Plan) -> list[str]:
    """How each measure alone and all futures fare."""
    if not plan.scenarios:
        return []
    lines = [
        "## In which futures it holds",
        "",
        f"{len(plan.scenarios)} futures: every combination of the sea levels, storms and developments below. Nobody"
        " knows how likely each is. Amounts are medians of the present value.",
        "",
        "| sea level | rise by then | damage if nothing is done | worth of the proposal | worth most there |",
        "|---|---|---|---|---|",
    ]
    for row in summarise_by_sea_level(plan.scenarios):
        worth = "–" if row.portfolio is None else money_between(*row.portfolio)
        best = describe_measure_set(plan, row.best)
        beyond = " or more" if row.share_beyond_maps > 0 else ""
        lines.append(
            f"| {row.sea_level} | {row.rise:.2f} m | {money_between(*row.damage)}{beyond} | {worth} | {best}"
            f" ({row.best_in} of {row.count}) |"
        )
    weighed = [action for action in plan.actions if action.robustness is not None]
    if weighed:
        lines += [
            "",
            "| measure, built alone | pays in | worth, worst to best future | worst tenth | greatest regret |",
            "|---|---|---|---|---|",
        ]
    for action in weighed:
        robust = action.robustness
        assert robust is not None
        lines.append(
            f"| {action.title} | {robust.pays_in} of {robust.of} | {money_between(robust.lowest, robust.highest)} |"
            f" {money(robust.worst_tenth)} | {money(robust.maximum_regret)} |"
        )
    return [*lines, "", *(f"- {line}" for line in source_sentences(plan)), ""]


def pathway_lines(pathways: Pathways | None) -> list[str]:
    """Which measures follow which, and what to watch."""
    if pathways is None:
        return []
    lines = [
        "## What follows when the sea rises",
        "",
        f"Damage a year shall not exceed {100 * pathways.damage_share:.0f} % of today's ({pathways.objective_source})."
        " Each way below keeps that until the sea tips it; nothing is known beyond a rise of"
        f" {pathways.highest_rise:.2f} m.",
        "",
    ]
    lines += [f"- {describe_pathway(pathways, end)}" for end in pathways.ends]
    table = signpost_table(pathways)
    if table.rows:
        lines += ["", f"| once these stand | {' | '.join(table.indicators)} | decide on |"]
        lines += ["|---" * (len(table.indicators) + 2) + "|"]
        lines += [f"| {row.built} | {' | '.join(row.cells)} | {row.next} |" for row in table.rows]
    return [*lines, ""]


def describe_pathway(pathways: Pathways, end: tuple[str, ...]) -> str:
    """A pathway as a sentence."""
    steps = pathways.way(end)[1:]
    parts = []
    for number, step in enumerate(steps):
        when = "first" if number == 0 else f"then, at {format_tipping_point(steps[number - 1])},"
        late = f" (which works {step.late_years:.0f} years late)" if step.late_years >= 1 else ""
        parts.append(f"{when} **{pathways.titles[step.built[-1]]}**{late}")
    return (
        f"{'; '.join(parts)}. It does until {format_tipping_point(steps[-1])} and costs {money_bounds(steps[-1].cost)} until 2100."
    )


def format_tipping_point(step: Step) -> str:
    """A tipping point with its years: ``0.17 m of rise (2053 to 2070)``."""
    point = step.tipping_point
    told = [year for year in point.years.values() if year is not None]
    last = "after 2100" if len(told) < len(point.years) else f"{max(told)}"
    years = "after 2100" if not told else last if last == f"{min(told)}" else f"{min(told)} to {last}"
    return f"{'at least ' if point.is_beyond_maps else ''}{point.rise[1]:.2f} m of rise ({years})"


@dataclass(frozen=True)
class SignpostRow:
    """What to watch while ``built`` stands: for each indicator the value at which to decide, and where it tips."""

    built: str
    cells: tuple[str, ...]
    next: str


@dataclass(frozen=True)
class SignpostTable:
    """Signposts, a column for each indicator."""

    indicators: tuple[str, ...]
    rows: tuple[SignpostRow, ...]


def signpost_table(pathways: Pathways) -> SignpostTable:
    """A row for each place on the map where something follows."""
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
    return f"{post.decide_at:.{digits}f}{unit} (tips at {post.tipping_at:.{digits}f}{unit})"


def titles(plan: Plan, kinds: Sequence[str]) -> list[str]:
    """Words for the kinds of long-term measures."""
    known = {action.kind: action.title for action in plan.actions}
    known |= {} if plan.pathways is None else dict(plan.pathways.titles)
    return [known.get(kind, kind.replace("_", " ")) for kind in kinds]


def describe_measure_set(plan: Plan, kinds: Sequence[str]) -> str:
    """A choice of measures beside the proposal: ``as proposed``, ``without Build floodgates``."""
    if plan.portfolio is None:
        return ", ".join(titles(plan, kinds)) or "nothing"
    fewer = [kind for kind in plan.portfolio.kinds if kind not in kinds]
    more = [kind for kind in kinds if kind not in plan.portfolio.kinds]
    parts = [f"{word} {', '.join(titles(plan, some))}" for word, some in (("without", fewer), ("with", more)) if some]
    return "; ".join(parts) or "as proposed"


def source_sentences(plan: Plan) -> list[str]:
    """Who says what of the futures, a sentence for each source."""
    names: dict[str, list[str]] = {}
    for name, source in plan.scenario_sources.items():
        names.setdefault(source, []).append(name)
    return [f"{', '.join(some)}: {source}." for source, some in names.items()]
