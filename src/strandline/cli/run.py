"""`strandline run`: from the files of a place, or a simulated delta, to its report."""

import json
from pathlib import Path
from typing import Annotated

import typer

from strandline.cli.console import StageDisplay, note, print_json, print_result, summary_table, warn
from strandline.cli.options import LARGEST_SEED, AsJson, DataFolder, RegionPath


def run(
    region: RegionPath = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the products.", show_default="runs/NAME of the region file, runs/quick or runs/demo"
        ),
    ] = None,
    data: DataFolder = None,
    quick: Annotated[bool, typer.Option("--quick", help="A tiny simulated coast, under 90 s: a health check.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted run in --out.")] = False,
    seed: Annotated[int, typer.Option(help="Of every random stream.", min=0, max=LARGEST_SEED)] = 1,
    miss_rate: Annotated[
        float | None,
        typer.Option(
            help="Share of flooded cells that flood maps may miss, as 0.1.", min=0, max=1, show_default="best overlap"
        ),
    ] = None,
    evaluate: Annotated[
        bool,
        typer.Option(
            "--evaluate",
            help="Also train baselines without a teacher, to measure the gain of distillation. Doubles the run time.",
        ),
    ] = False,
    recipe: Annotated[
        str | None,
        typer.Option(
            help="What the students learn by: amortised (they read the teacher's maps of past storms) or article "
            "(soft targets, alignments, EWC, MC dropout: every part of the article).",
            show_default="of the region file, or amortised",
        ),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option("--without", help="A part of the recipe to leave out, as ewc; may be repeated."),
    ] = None,
    alignment: Annotated[
        str | None,
        typer.Option(
            help="How features are aligned: cosine, linear_cka, rbf, quantum_angle, quantum_zz or quantum_projected.",
            show_default="cosine, if the recipe aligns any",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Observe, distil, forecast, assess, plan: from files (or a simulated delta) to report.html."""
    from strandline.pipeline import jobs

    if quick and region is not None:
        raise typer.BadParameter(
            "--quick is a simulated coast of its own; leave the region file out", param_hint="--quick"
        )
    if out is None:
        out = Path("runs") / (region.stem if region is not None else "quick" if quick else "demo")
    with StageDisplay() as announce:
        report = jobs.run(
            region, out, data=data, quick=quick, seed=seed, miss_rate=miss_rate, evaluate=evaluate, recipe=recipe,
            without=without or (), alignment=alignment, resume=resume, announce=announce,
        )  # fmt: skip
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    if (known := summary["out_of_distribution"]) is not None and known["warning"] is not None:
        warn(known["warning"])
    if as_json:
        print_json(summary)
    else:
        note(summary_table(summary))
        print_result(f"report: {report}")
