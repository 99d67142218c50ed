"""`strandline export`: a run for other programs and machines: its maps for a GIS, its students as programs."""

from pathlib import Path
from typing import Annotated

import typer

from strandline.cli.console import note
from strandline.errors import InputError, require_extra


def export(
    out: Annotated[Path | None, typer.Option(help="Folder for the students' programs.")] = None,
    run: Annotated[Path, typer.Option(help="Folder of a finished `strandline run`.")] = Path("runs/demo"),
    gis: Annotated[
        bool, typer.Option("--gis", help="Instead: maps for a GIS, in the folder `gis` of the run.")
    ] = False,
    torch_only: Annotated[
        bool, typer.Option("--torch-only", help="No ONNX, which needs the extra strandline[onnx].")
    ] = False,
) -> None:
    """Write a run for other machines: its students as torch.export, ONNX, ONNX in eight bits, or its maps for a GIS.

    A run of the recipe “article” holds eight draws of the weights, whose programs take some minutes.
    """
    if gis:
        if out is not None or torch_only:
            raise InputError("export", "--gis has no other option than --run", "it writes into the folder of the run")
        from strandline.pipeline.export.gis.export_gis import export_gis

        note(f"for a GIS: {export_gis(run)}")
        return
    if out is None:
        raise InputError("export", "no folder is named", "give --out DIR for the students' programs, or --gis")
    if not torch_only:
        require_extra("export", "onnx", "onnx", "onnxruntime", "onnxscript")
    from strandline.pipeline.export.students import export_forecaster
    from strandline.pipeline.run_folder.generations import open_run
    from strandline.uncertainty.forecaster import load_forecaster

    open_run(run)
    export_forecaster(load_forecaster(run), out, onnx=not torch_only)
    note(f"programs: {out}")
