"""`strandline pretrain`: train the networks that ship, or others in their place."""

import os
from pathlib import Path
from typing import Annotated

import typer

from strandline.cli.console import StageDisplay, note
from strandline.cli.options import LARGEST_SEED


def pretrain(
    out: Annotated[Path, typer.Option(help="Folder for the networks and their card.")],
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    coasts: Annotated[int | None, typer.Option(help="Simulated coasts.", show_default="as shipped")] = None,
    processes: Annotated[int, typer.Option(help="Coasts simulated at a time.")] = os.cpu_count() or 1,
    seed: Annotated[int, typer.Option(help="Of every random stream.", min=0, max=LARGEST_SEED)] = 0,
    scenes: Annotated[
        list[str] | None,
        typer.Option(
            help="Train the networks of `strandline map` instead, on labelled flood scenes: `simulated`, a zip file or "
            "folder of OMBRIA's layout, or a folder of Sen1Floods11's or Kuro Siwo's; give several."
        ),
    ] = None,
    blocks: Annotated[
        Path | None, typer.Option(help="JSON of [first, last] numbers that are one flood each, for OMBRIA's layout.")
    ] = None,
    compound: Annotated[
        bool,
        typer.Option("--compound", help="Train the students of the package further on coasts with rain and rivers."),
    ] = False,
    effort: Annotated[float, typer.Option(min=0.001, max=10, help="Factor on the steps on scenes, for a trial.")] = 1.0,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted job in --out.")] = False,
) -> None:
    """Pre-train teacher and students on simulated coasts, or the committee and student that map flood scenes."""
    from strandline.pipeline import jobs

    with StageDisplay() as announce:
        if scenes and compound:
            raise typer.BadParameter("--compound trains on simulated coasts: leave --scenes out")
        if scenes:
            jobs.pretrain_scenes(out, scenes, blocks, seed, announce, effort=effort, resume=resume)
        elif blocks is not None:
            raise typer.BadParameter("--blocks says which numbered scenes are one flood: give --scenes too")
        else:
            jobs.pretrain(out, device, coasts, processes, seed, announce, compound=compound, resume=resume)
    note(f"networks: {out}")
