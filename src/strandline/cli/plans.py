"""`strandline costs`, `lint` and `schema`: what a plan counts with, its faults, and its fields."""

import json
from pathlib import Path
from typing import Annotated

import typer

from strandline.cli.console import print_json, print_result
from strandline.cli.options import AsJson, DataFolder
from strandline.errors import InputError


def costs(
    preset: Annotated[str | None, typer.Argument(help="A preset: bangladesh, italy, netherlands or vietnam.")] = None,
    region: Annotated[Path | None, typer.Option(help="Region file whose [planning] is shown.")] = None,
    data: DataFolder = None,
    every: Annotated[bool, typer.Option("--all", help="The page with every preset.")] = False,
) -> None:
    """Show what a plan counts with: costs, rates, prices and greatest damage, each with its source, as Markdown."""
    from strandline.observations.region_file import load_region_file
    from strandline.observations.region_file.planning_section import PlanningSection
    from strandline.report.plan.cost_tables import cost_page, cost_tables, section_of_preset

    if sum((preset is not None, region is not None, every)) > 1:
        raise typer.BadParameter("name a preset, --region or --all, one of them")
    if every:
        print_result(cost_page().rstrip("\n"))
    elif region is not None:
        section = load_region_file(region, data).planning or PlanningSection()
        print_result("\n".join(cost_tables(section)))
    else:
        print_result("\n".join(cost_tables(PlanningSection() if preset is None else section_of_preset(preset))))


def lint(
    plan: Annotated[Path, typer.Argument(help="Early action protocol (TOML), or the plan.json of a run.")],
    as_json: AsJson = False,
) -> None:
    """Check an early action protocol or a plan: what it lacks or contradicts, where, and what would be right."""
    from strandline.planning.early_action.protocol_file import lint as find_faults
    from strandline.planning.plan_schema import check_plan

    faults = find_faults(plan)
    if not faults and plan.suffix == ".json":
        faults = check_plan(plan)
    if as_json:
        listed = [{"where": one.where, "what": one.what, "remedy": one.remedy} for one in faults]
        print_json({"file": str(plan), "is_fit_for_use": not faults, "faults": listed})
    else:
        for fault in faults:
            print_result(str(fault))
    if faults:
        raise InputError(plan, f"is not fit for use ({len(faults)} faults)", "mend what is listed above")
    if not as_json:
        print_result(f"{plan}: fit for use")


def schema() -> None:
    """Print the JSON Schema of plan.json: every field with its type, unit and datum."""
    from strandline.planning.plan_schema import plan_schema

    typer.echo(json.dumps(plan_schema(), indent=2))
