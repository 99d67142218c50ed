"""Add to a finished run what a geographic information system opens."""

import json
from pathlib import Path

from strandline.files import write_bytes, write_text
from strandline.pipeline.export.gis.columns import columns_of
from strandline.pipeline.export.gis.finished_run import read_finished_run
from strandline.pipeline.export.gis.geopackage import GEOPACKAGE, write_geopackage
from strandline.pipeline.export.gis.layers import read_layers
from strandline.pipeline.export.gis.netcdf import NETCDF, write_netcdf
from strandline.pipeline.export.gis.project import PROJECT, project_archive
from strandline.pipeline.export.gis.rasters import read_scenarios, write_rasters
from strandline.pipeline.export.gis.stac import describe_run
from strandline.pipeline.export.gis.styles import raster_qml
from strandline.pipeline.run_folder.generations import GIS, added_products
from strandline.pipeline.run_folder.lock import one_run_at_a_time


def export_gis(folder: Path) -> Path:
    """Write ``gis/`` of a finished run, whole or not at all, and return its path.

    Raises:
        InputError: the folder holds no finished run, a product of it was changed, or a file cannot be written.
    """
    with one_run_at_a_time(folder), added_products(folder, GIS) as out:
        run = read_finished_run(folder)
        layers, rasters = read_layers(run), read_scenarios(run)
        columns = columns_of(run)
        if layers:
            write_geopackage(out / GEOPACKAGE, run, layers, columns)
        write_rasters(out, run, rasters)
        for raster in rasters:
            write_text((out / raster.file).with_suffix(".qml"), raster_qml(raster))
        write_netcdf(out / NETCDF, run, rasters)
        write_bytes(out / PROJECT, project_archive(run, layers, rasters, columns))
        for name, content in describe_run(out, run, layers, rasters).items():
            write_text(out / name, json.dumps(content, indent=2, allow_nan=False) + "\n")
    return folder / GIS
