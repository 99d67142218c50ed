"""`strandline export`: a run for other programs and machines: its maps for a GIS or an OGC API, its students."""

from pathlib import Path
from typing import Annotated

import typer

from strandline.cli.console import note
from strandline.errors import InputError, require_extra


def export(
    out: Annotated[Path | None, typer.Option(help="Folder for the students' programs, or for --ogc.")] = None,
    run: Annotated[Path, typer.Option(help="Folder of a finished `strandline run`.")] = Path("runs/demo"),
    gis: Annotated[
        bool, typer.Option("--gis", help="Instead: maps for a GIS, in the folder `gis` of the run.")
    ] = False,
    ogc: Annotated[
        bool, typer.Option("--ogc", help="Instead: the new folder --out, which pygeoapi serves as OGC API.")
    ] = False,
    url: Annotated[
        str | None, typer.Option(help="With --ogc: where clients find the server. [default: http://127.0.0.1:5000]")
    ] = None,
    torch_only: Annotated[
        bool, typer.Option("--torch-only", help="No ONNX, which needs the extra strandline[onnx].")
    ] = False,
) -> None:
    """Write a run for other machines: its students as torch.export, ONNX, ONNX in eight bits, or its maps
    for a GIS or an OGC API.

    A run of the recipe “article” holds eight draws of the weights, whose programs take some minutes.
    """
    if ogc:
        if out is None or gis or torch_only:
            raise InputError("export", "--ogc has no other option than --run, --out and --url", "name --out DIR")
        from strandline.pipeline.export.ogc.configuration import URL
        from strandline.pipeline.export.ogc.export_ogc import CONFIGURATION, OPENAPI, export_ogc

        export_ogc(run, out, url or URL)
        files = f"PYGEOAPI_CONFIG={out / CONFIGURATION} PYGEOAPI_OPENAPI={out / OPENAPI}"
        note(f"for OGC clients: {out}; serve it by\n{files} flask --app pygeoapi.flask_app run")
        return
    if url is not None:
        raise InputError("export", "--url belongs to --ogc", "add --ogc and --out DIR")
    if gis:
        if out is not None or torch_only:
            raise InputError("export", "--gis has no other option than --run", "it writes into the folder of the run")
        from strandline.pipeline.export.gis.export_gis import export_gis

        note(f"for a GIS: {export_gis(run)}")
        return
    if out is None:
        raise InputError("export", "no folder is named", "give --out DIR for the students' programs, --gis or --ogc")
    if not torch_only:
        require_extra("export", "onnx", "onnx", "onnxruntime", "onnxscript")
    from strandline.pipeline.export.students import export_forecaster
    from strandline.pipeline.run_folder.generations import open_run
    from strandline.uncertainty.forecaster import load_forecaster

    open_run(run)
    export_forecaster(load_forecaster(run), out, onnx=not torch_only)
    note(f"programs: {out}")
