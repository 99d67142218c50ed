"""Options that several commands take, each with one help text."""

from pathlib import Path
from typing import Annotated

import typer

LARGEST_SEED = 2**32 - 1
RegionPath = Annotated[
    Path | None, typer.Argument(help="Region file (TOML). Without one: the built-in simulated delta.")
]
DataFolder = Annotated[
    Path | None, typer.Option("--data", help="Folder that the region file's paths start from.", show_default="its own")
]
FinishedRun = Annotated[Path, typer.Option(help="Folder of this place's finished `strandline run`.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON on standard output.")]
