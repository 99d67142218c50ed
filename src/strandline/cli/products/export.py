"""`strandline export`: a run's students as programs for other machines."""

from pathlib import Path
from typing import Annotated

import typer

from strandline.cli.console import note
from strandline.errors import require_extra


def export(
    out: Annotated[Path, typer.Option(help="Folder for the programs.")],
    run: Annotated[Path, typer.Option(help="Folder of a finished `strandline run`.")] = Path("runs/demo"),
    torch_only: Annotated[
        bool, typer.Option("--torch-only", help="No ONNX, which needs the extra strandline[onnx].")
    ] = False,
) -> None:
    """Write a run's students as programs for other machines: torch.export, ONNX, ONNX in eight bits.

    A run of the recipe “article” holds eight draws of the weights, whose programs take some minutes.
    """
    if not torch_only:
        require_extra("export", "onnx", "onnx", "onnxruntime", "onnxscript")
    from strandline.pipeline.export import export_forecaster
    from strandline.pipeline.run_folder.generations import open_run
    from strandline.uncertainty.forecaster import load_forecaster

    open_run(run)
    export_forecaster(load_forecaster(run), out, onnx=not torch_only)
    note(f"programs: {out}")
