"""The strategy that a person chose after the run, as the plan and the report state it.

Both were written before anybody chose: their statement is put in, and the former one taken out, at each choice.
"""

import re
from datetime import datetime

import pandas as pd
from markupsafe import escape

from strandline.observations.region_file.prices.money import SPACE, MoneyUnit
from strandline.planning.actions import ChosenStrategy
from strandline.planning.formatting import format_expectation, format_money, format_time, visible, without_markup

HEADING = "## A strategy that a person chose"
NEXT_HEADING = "## What to do, most urgent first"
"""Of the plan: the statement stands before it."""
_SECTION = re.compile(rf"^{re.escape(HEADING)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_ELEMENT = re.compile(r'<p id="chosen-strategy"[^>]*>[^<]*</p>')
"""Of the report: without a choice it is there, empty and hidden."""


def choice_sentences(chosen: ChosenStrategy | None, money: MoneyUnit) -> tuple[str, ...]:
    """Return who chose what and when, what it does, and who loses by it; empty = nobody has chosen."""
    if chosen is None:
        return ()
    at = pd.Timestamp(datetime.fromisoformat(chosen.chosen_at).replace(tzinfo=None))
    losing = ", ".join(" ".join(zone.split()) for zone in chosen.losing_zones)
    return (
        f"{chosen.chosen_by} chose the strategy “{chosen.name}” of {chosen.author} on {format_time(at)}.",
        f"It costs {format_money(chosen.cost, money)}, as its author states.",
        f"Expected damage a year, today: {format_expectation(chosen.damage_before, money)} without it,"
        f" {format_expectation(chosen.damage_after, money)} with it, by the {chosen.method}.",
        f"Zones that lose by it: {losing}." if losing else "No zone that is known loses by it.",
        "A person chose it; this plan does not propose it, and no other number here counts it.",
    )


def choice_lines(chosen: ChosenStrategy | None, money: MoneyUnit) -> list[str]:
    """Return the section of the plan, as Markdown; empty = nobody has chosen."""
    sentences = " ".join(choice_sentences(chosen, money)).replace(SPACE, " ")
    return [HEADING, "", sentences, ""] if sentences else []


def state_in_plan(markdown: str, chosen: ChosenStrategy, money: MoneyUnit) -> str:
    """Return the written plan with this choice instead of a former one."""
    before, heading, after = _SECTION.sub("", markdown).partition(NEXT_HEADING)
    section = without_markup("\n".join(choice_lines(chosen, money)))
    return f"{before}{section}\n{heading}{after}"


def state_in_report(page: str, chosen: ChosenStrategy, money: MoneyUnit) -> str:
    """Return the written report with this choice instead of a former one; one without a place for it stays."""
    text = escape(visible(" ".join(choice_sentences(chosen, money))))
    return _ELEMENT.sub(lambda _: f'<p id="chosen-strategy">{text}</p>', page, count=1)
