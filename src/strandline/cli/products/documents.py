"""`strandline documents`: a finished run on one page, and a leaflet for each zone, to print."""

from pathlib import Path
from typing import Annotated

import typer

from strandline.cli.console import StageDisplay, note
from strandline.errors import require_extra


def documents(
    out: Annotated[Path, typer.Option(help="Folder for the documents.")],
    run: Annotated[Path, typer.Option(help="Folder of a finished `strandline run`.")] = Path("runs/demo"),
    language: Annotated[
        list[str] | None,
        typer.Option(help="en, bn or vi; several times for several. Else English and those of the region file."),
    ] = None,
) -> None:
    """Write the run on one page for those who decide, and a leaflet for the people of each zone: PDF and DOCX.

    The page answers what will flood, how sure that is, what to do, by when and who. Bengali and Vietnamese were not
    checked by a native speaker; the documents say so.
    """
    require_extra("documents", "documents", "babel", "weasyprint", "docx")
    from strandline.pipeline.run_folder.generations import open_run
    from strandline.report.documents.write import write_documents

    open_run(run)
    with StageDisplay() as display:
        written = write_documents(run, out, language or (), display("documents"))
    note(f"{len(written)} documents: {out}")
