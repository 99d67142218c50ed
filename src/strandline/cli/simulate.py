"""`strandline simulate`: a coast that does not exist, with the truth beside its instruments."""

from pathlib import Path
from typing import Annotated

import typer

from strandline.cli.console import StageDisplay, note
from strandline.cli.options import LARGEST_SEED

SURVEYS = 3
"""Storms after which people map the flood."""


def simulate(
    out: Annotated[Path, typer.Option(help="Folder for the coast.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same coast.", min=0, max=LARGEST_SEED)] = 7,
    cells: Annotated[int, typer.Option(help="Edge of the grid; a multiple of 8.", min=24, max=4096)] = 64,
    storms: Annotated[int, typer.Option(help="How many storms are flooded.", min=1)] = 40,
    years: Annotated[float, typer.Option(help="Length of the gauge's record.", min=0.1, max=1000)] = 12.0,
) -> None:
    """Simulate a coast that does not exist: terrain, sea, floods, instruments, and the truth beside them."""
    from strandline.simulator.coast import simulate_coast
    from strandline.simulator.coast_files import save_coast

    with StageDisplay() as announce:
        coast = simulate_coast(
            f"simulated coast {seed}",
            seed,
            shape=(cells, cells),
            years=years,
            n_storms=storms,
            n_surveys=min(SURVEYS, storms),
            inhabited=True,
            progress=announce("flood the coast"),
        )
    save_coast(coast, out)
    note(f"coast: {out}")
