"""The choice of a strategy: a person writes it into the plan of a finished run, with name and time."""

import json
import math
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from strandline.errors import InputError
from strandline.files import write_text
from strandline.observations.region_file.prices.money import MoneyUnit
from strandline.pipeline.run_folder.generations import replaced_products, run_of, sha256_of
from strandline.pipeline.run_folder.lock import one_run_at_a_time
from strandline.pipeline.run_folder.strategies import FOLDER, Amount, load_strategy
from strandline.planning.actions import ChosenStrategy
from strandline.planning.plan_schema import check_plan, with_choice
from strandline.report.consistency.files import contradictions_between
from strandline.report.plan.chosen_strategy import state_in_plan, state_in_report
from strandline.risk.expectation import Expectation

PLAN, SUMMARY = "plan.json", "summary.json"
STATED: Mapping[str, Callable[[str, ChosenStrategy, MoneyUnit], str]] = {
    "plan.md": state_in_plan, "report.html": state_in_report,
}  # fmt: skip
"""Products that state the choice in words → how it is put in."""


def choose_strategy(folder: Path, key: str, person: str, at: datetime) -> ChosenStrategy:
    """Write a saved strategy as chosen into plan and report, and the list of products with them, all or nothing.

    Args:
        key: of the strategy.
        person: who chooses.
        at: naive UTC.

    Raises:
        InputError: the strategy is of another run, the solver has not confirmed it, or the folder cannot be written.
    """
    with one_run_at_a_time(folder):
        strategy = load_strategy(folder, key)
        if strategy.run != run_key(folder):
            raise InputError(strategy.name, "was tried on the ground of another run", "run and save it again")
        if strategy.solver is None:
            what = "was not confirmed by the solver, which alone finds who loses by it"
            raise InputError(strategy.name, what, "confirm it, save it, and choose it then")
        today, file = strategy.solver.futures[0].change, f"{FOLDER}/{key}.json"
        choice = ChosenStrategy(
            name=strategy.name,
            author=strategy.author,
            chosen_by=person,
            chosen_at=f"{at.isoformat(timespec='seconds')}Z",
            method=strategy.solver.method,
            cost=strategy.cost,
            damage_before=_expectation(today.damage_before),
            damage_after=_expectation(today.damage_after),
            avoided=_expectation(today.avoided),
            losing_zones=tuple(zone.zone for zone in strategy.solver.zones if zone.verdict == "loses"),
            file=file,
            sha256=sha256_of(folder / file),
        )
        stated = [name for name in STATED if (folder / name).is_file()]
        with replaced_products(folder, (PLAN, *stated)) as new:
            path, plan = new / PLAN, with_choice(_read(folder / PLAN), choice)
            write_text(path, json.dumps(plan, indent=2, allow_nan=False) + "\n")
            for fault in check_plan(path):
                raise InputError(folder / PLAN, f"would not be a plan of this version ({fault.what})", "run it again")
            for contradiction in contradictions_between(_read(folder / SUMMARY), plan):
                raise InputError(folder / PLAN, contradiction, "run `strandline run` again")
            for name in stated:
                text = (folder / name).read_text(encoding="utf-8")
                write_text(new / name, STATED[name](text, choice, MoneyUnit.parse(strategy.money)))
    return choice


def run_key(folder: Path) -> str:
    """When the run of a folder began, by which its strategies name it.

    Raises:
        InputError: the folder holds no finished run.
    """
    return run_of(folder).get("started", "")


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(path, f"cannot be read ({error})", "run `strandline run` again") from error
    return found


def _expectation(amount: Amount) -> Expectation:
    def known(number: float | None) -> float:
        return math.nan if number is None else number

    return Expectation(
        known(amount.mean), known(amount.standard_error), known(amount.p10), known(amount.p50), known(amount.p90),
        amount.draws,
    )  # fmt: skip
