"""``plan.json`` follows a schema generated from the plan's classes, and violations are named with their place."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

import tests.fixtures.reports as coast
from strandline.cli.main import main
from strandline.errors import InputError
from strandline.planning.plan_schema import check_plan, plan_schema, plan_to_json
from strandline.risk.expectation import Expectation


def write(folder: Path, plan: dict[str, Any]) -> Path:
    path = folder / "plan.json"
    path.write_text(json.dumps(plan, allow_nan=False), encoding="utf-8")
    return path


def numbers_in(schema: Any, location: str = "", description: str = "") -> Iterator[tuple[str, str]]:
    """Place and description of every number that is not a count; parts of a tuple share their tuple's description."""
    if isinstance(schema, dict):
        description = schema.get("description", description)
        if "number" in schema.get("type", ""):
            yield location, description
        for key, entry in schema.items():
            yield from numbers_in(entry, f"{location}.{key}", "" if key in ("properties", "$defs") else description)
    elif isinstance(schema, list):
        for entry in schema:
            yield from numbers_in(entry, location, description)


def test_the_published_schema_is_the_generated_one() -> None:
    published = resources.files("strandline.planning").joinpath("data/plan.schema.json").read_text(encoding="utf-8")
    assert json.loads(published) == plan_schema(), "strandline schema > src/strandline/planning/data/plan.schema.json"


def test_every_number_of_the_schema_states_its_unit() -> None:
    found = list(numbers_in(plan_schema()))
    assert len(found) > 20
    assert [location for location, description in found if "[" not in description] == []


def test_a_plan_follows_its_schema_and_names_it(tmp_path: Path) -> None:
    plan = plan_to_json(coast.a_plan())
    assert check_plan(write(tmp_path, plan)) == []
    assert plan["$schema"] == "plan.schema.json"
    assert plan["hindcasts"][0]["result"]["expenses"]["relative_value"] == pytest.approx(190 / 265)
    assert set(plan) == set(plan_schema()["required"]) == set(plan_schema()["properties"])


def test_unknown_numbers_are_null_and_allowed(tmp_path: Path) -> None:
    unknown = replace(coast.a_plan(), expected_annual_damage=Expectation.unknown(), protocol=None)
    path = write(tmp_path, plan_to_json(unknown))
    assert json.loads(path.read_text(encoding="utf-8"))["expected_annual_damage"]["mean"] is None
    assert check_plan(path) == []


@pytest.mark.parametrize(
    ("alter", "fault"),
    [
        (lambda plan: plan.pop("vertical_datum"), "[vertical_datum]: is missing"),
        (lambda plan: plan["actions"][1]["cost"].update(p10="5.1e6"), "[actions.1.cost.p10]: '5.1e6' does not fit"),
        (lambda plan: plan["actions"][0].update(lead_time=48.0), "[actions.0.lead_time]: unknown key 'lead_time'"),
        (lambda plan: plan["protocol"]["phases"][0]["stop"].update(for_hours=0), "[protocol.phases.0.stop.for_hours]"),
        (lambda plan: plan["hindcasts"][0]["result"].update(hits=2.5), "[hindcasts.0.result.hits]"),
        (lambda plan: plan.update(schema_version=1), "was written by an older version"),
    ],
)
def test_an_altered_plan_is_refused_with_the_place(tmp_path: Path, alter: Any, fault: str) -> None:
    plan = plan_to_json(coast.a_plan())
    alter(plan)
    (found,) = check_plan(write(tmp_path, plan))
    assert fault in str(found)


def test_a_plan_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        check_plan(tmp_path / "plan.json")


@pytest.mark.slow
def test_the_command_line_prints_the_schema_and_checks_a_whole_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def said_by(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["strandline", *arguments])
        with pytest.raises(SystemExit):
            main()
        description = capsys.readouterr()
        return description.out + description.err

    assert json.loads(said_by("schema")) == plan_schema()
    plan = plan_to_json(coast.a_plan())
    assert "fit for use" in said_by("lint", str(write(tmp_path, plan)))
    plan["money"]["currency"] = 5
    assert "[money.currency]: 5 does not fit" in said_by("lint", str(write(tmp_path, plan)))
