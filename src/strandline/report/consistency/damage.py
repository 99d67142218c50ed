"""Damage: nothing avoids more than there is, and parts are the whole."""

from collections.abc import Iterator, Sequence

import numpy as np

from strandline.planning.plan import Plan
from strandline.report.consistency.agreement import SPREAD, is_at_most, is_same
from strandline.risk.expectation import Expectation
from strandline.risk.impact.impact import Impact
from strandline.risk.impact.totals import PartialTotal


def avoided_within_damage(plan: Plan, impact: Impact) -> Iterator[str]:
    """No measure and no proposal avoids more a year than all damage, nor an emergency action more than all assets.

    Where it holds in every draw, it holds for the mean and for each percentile.
    """
    by_all = plan.damage_by_all_drivers
    damage = impact.expected_annual_damage if by_all is None else by_all
    yearly = [(each.title, each.avoided_loss) for each in plan.actions if each.avoided_loss_per == "year"]
    if plan.portfolio is not None:
        yearly.append(("The proposal", plan.portfolio.avoided_loss))
    for title, avoided in yearly:
        yield from _more_than_all(title, avoided, damage)
    most = impact.assets["value"]
    if "value_high" in impact.assets:
        most = impact.assets["value_high"].fillna(most)
    value = float(np.nansum(most.to_numpy(dtype=float)))
    for action in plan.actions:
        if action.avoided_loss_per == "event" and action.avoided_loss is not None:
            avoided = action.avoided_loss
            if not is_at_most(max(avoided.mean, avoided.p90), value):
                yield (
                    f"{action.title} avoids {avoided.mean:,.0f} ({avoided.p90:,.0f} at most) in one flood, but the"
                    f" value of all assets is {value:,.0f}."
                )


def _more_than_all(title: str, avoided: Expectation | None, damage: Expectation) -> Iterator[str]:
    if avoided is None:
        return
    for name in SPREAD:
        part, whole = getattr(avoided, name), getattr(damage, name)
        if not is_at_most(part, whole):  # so where the damage is unknown, nothing is known to be avoided
            yield f"{title} avoids {part:,.0f} a year ({name}), but all damage is {whole:,.0f} a year."


def parts_add_up(impact: Impact) -> Iterator[str]:
    """Assets, classes and districts each add up to the total, and no asset is counted twice."""
    assets, whole = impact.assets, impact.expected_annual_damage.mean
    repeated = assets["asset_id"][assets["asset_id"].duplicated()]
    if len(repeated):
        yield f"The asset {repeated.iloc[0]!r} is counted twice."
    of_each = assets["expected_annual_damage_mean"].to_numpy(dtype=float)
    unknown = int(np.isnan(of_each).sum())
    if unknown != impact.unknown_assets:
        yield f"{unknown} assets have no known damage, but {impact.unknown_assets} are counted as unknown."
    if unknown < len(assets) and not is_same(float(np.nansum(of_each)), whole):
        yield f"The damage of single assets adds up to {np.nansum(of_each):,.0f} a year, but the total is {whole:,.0f}."
    for by in ("class", "district"):
        parts = [part for part in impact.totals if part.by == by]
        if parts:
            yield from _of_parts(by, parts, impact)


def _of_parts(by: str, parts: Sequence[PartialTotal], impact: Impact) -> Iterator[str]:
    """Of all classes, or of all districts."""
    known = [part.expected_annual_damage.mean for part in parts if part.assets > part.unknown_assets]
    sums = (
        ("damage a year", sum(known), impact.expected_annual_damage.mean if known else 0.0),
        ("assets", sum(part.assets for part in parts), len(impact.assets)),
        ("unknown assets", sum(part.unknown_assets for part in parts), impact.unknown_assets),
        ("value of unknown assets", sum(part.unknown_value for part in parts), impact.unknown_value),
    )
    for what, of_parts, of_whole in sums:
        if not is_same(float(of_parts), float(of_whole)):
            yield f"By {by}, {what} add up to {of_parts:,.6g}, but the whole is {of_whole:,.6g}."
