"""`strandline check`: what data a place has, and whether it can be run."""

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strandline.cli.console import note, print_json, print_result
from strandline.cli.options import AsJson, DataFolder
from strandline.errors import InputError

if TYPE_CHECKING:
    from strandline.pipeline.study_area.verdict import Verdict


def check(
    region: Annotated[Path, typer.Argument(help="Region file (TOML).")],
    data: DataFolder = None,
    picture: Annotated[Path | None, typer.Option(help="Also draw what is there into this PNG.")] = None,
    patience: Annotated[
        float | None,
        typer.Option(help="Longest time for one stream [s].", min=0.1, show_default="60 and more for large files"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what data is present, its span, gaps and age, what each missing stream costs, and whether it can be run.

    The verdict at the end names all that a run would refuse, each with its remedy, by the rules of the run itself. A
    file that hangs or crashes its reader is named like any other that cannot be used.
    """
    from strandline.observations.checks.inventory.views import draw_inventory, inventory_table, inventory_to_json
    from strandline.observations.readers.formats.reading_process import reading_process
    from strandline.pipeline.study_area.verdict import examine

    execute = partial(reading_process(), most_seconds=math.inf if patience is None else patience)
    found = examine(region, data, execute)
    verdict, inventory = found.verdict, found.inventory
    if as_json:
        streams = {} if inventory is None else inventory_to_json(inventory)
        print_json({**streams, "is_usable": verdict.runs, "verdict": verdict.to_json()})
    else:
        if inventory is not None:
            print_result(inventory_table(inventory))
        print_result(verdict_lines(verdict))
    if picture is not None and inventory is not None:
        draw_inventory(inventory, picture)
        note(f"picture: {picture}")
    if not verdict.runs:
        count = len(verdict.refusals)
        what = "cannot be run" if count == 1 else f"cannot be run, for {count} reasons"
        raise InputError(region, what, "mend what the verdict lists; a remedy stands beside each")


def verdict_lines(verdict: "Verdict") -> str:
    """A verdict for a person: what a run refuses and what would be right, else what it gives and what is doubtful."""
    lines = ["", "verdict: this can be run"]
    if not verdict.runs:
        count = len(verdict.refusals)
        lines = ["", f"verdict: a run would be refused, for {count} reason{'s' * (count > 1)}"]
        for number, one in enumerate(verdict.refusals, start=1):
            lines += [f"  {number}. {one.where}: {one.what}", f"     remedy: {one.remedy}"]
    lines += [f"  {sentence}" for sentence in verdict.scope]
    lines += [f"  warning: {sentence}" for sentence in verdict.doubts]
    return "\n".join(lines)
