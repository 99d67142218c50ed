"""One value: what several products state is one number."""

from collections.abc import Iterator

from strandline.planning.early_action.evacuation.lives import lives_sentences
from strandline.report.consistency.agreement import differing, is_same
from strandline.report.findings import RunResults


def one_value_everywhere(results: RunResults) -> Iterator[str]:
    """Plan, impact and hazard, from which plan.md, plan.json, report and summary.json are written, agree."""
    plan, impact, region = results.plan, results.impact, results.hazard.region
    for name in differing(plan.expected_annual_damage, impact.expected_annual_damage):
        of_plan, of_impact = (getattr(each.expected_annual_damage, name) for each in (plan, impact))
        yield f"The damage a year ({name}) is {of_plan:,.6g} in the plan and {of_impact:,.6g} in the impact."
    for what, of_plan, of_impact in (
        ("number of unknown assets", plan.unknown_assets, impact.unknown_assets),
        ("value of unknown assets", plan.unknown_value, impact.unknown_value),
    ):
        if not is_same(float(of_plan), float(of_impact)):
            yield f"The {what} is {of_plan:,.6g} in the plan and {of_impact:,.6g} in the impact."
    for what, stated, true in (
        ("place", plan.region, region.name),
        ("vertical datum", plan.vertical_datum, region.vertical_datum),
    ):
        if stated != true:
            yield f"The {what} is {stated!r} in the plan and {true!r} in the maps."
    if plan.lives != lives_sentences(impact.loss_of_life, results.hazard.return_periods[-1], impact.by_all_drivers):
        yield "Who may die is not the same in the plan and in the impact."
    surveyed = results.observations.assets
    count = 0 if surveyed is None else len(surveyed)
    if len(impact.assets) != count:
        yield f"{count} assets were surveyed, but damage is stated for {len(impact.assets)}."
