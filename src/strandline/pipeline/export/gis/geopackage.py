"""The GeoPackage of a run: its vector layers with readable field names, metadata and styles.

Source: OGC GeoPackage Encoding Standard 12-128r19, Annexes F.8 (metadata) and F.9 (schema); for the table of styles
QGIS' own, which its provider for OGR writes.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pandas as pd
import pyogrio

from strandline.errors import InputError
from strandline.files import write_atomically
from strandline.pipeline.export.gis.columns import Column, column_of
from strandline.pipeline.export.gis.finished_run import FinishedRun
from strandline.pipeline.export.gis.layers import Layer
from strandline.pipeline.export.gis.styles import vector_qml

GEOPACKAGE = "vectors.gpkg"
_DATA_COLUMNS = """
CREATE TABLE gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT, mime_type TEXT,
  constraint_name TEXT, CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
  CONSTRAINT gdc_tn UNIQUE (table_name, name)
);
CREATE TABLE gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC, min_is_inclusive BOOLEAN,
  max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
  CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value)
);
"""
"""Tables 42 and 44 of the standard, F.9."""
_SCHEMA_EXTENSION = ("gpkg_schema", "http://www.geopackage.org/spec121/#extension_schema", "read-write")


def write_geopackage(path: Path, run: FinishedRun, layers: Sequence[Layer], columns: Mapping[str, Column]) -> None:
    """Write the layers, in the run's projected CRS.

    Args:
        layers: one or more.
        columns: field → what people read.

    Raises:
        InputError: it cannot be written.
    """
    stated = _statements(run)
    try:
        with write_atomically(path) as temporary, _dated(run):
            for number, layer in enumerate(layers):
                pyogrio.write_dataframe(
                    layer.frame.to_crs(run.crs),
                    temporary,
                    layer=layer.name,
                    driver="GPKG",
                    append=number > 0,
                    geometry_type=layer.geometry,
                    dataset_metadata=stated if number == 0 else None,
                    layer_metadata={**stated, "ABOUT": layer.about},
                    dataset_options={"VERSION": "1.3"},
                    layer_options={"IDENTIFIER": layer.title, "DESCRIPTION": f"{layer.about} {run.origin}"},
                )
            pyogrio.write_dataframe(_styles(run, layers, columns), temporary, layer="layer_styles", driver="GPKG",
                                    append=True, layer_options={"FID": "id"})  # fmt: skip
            _describe_columns(temporary, layers, columns)
    except (RuntimeError, sqlite3.Error) as error:  # of GDAL
        raise InputError(path, f"cannot be written ({error})", "free space or choose another folder") from error


def _statements(run: FinishedRun) -> dict[str, str]:
    """Metadata of the file and of each layer."""
    stated = {
        "PLACE": run.place, "ORIGIN": run.origin, "VERTICAL_DATUM": run.vertical_datum, "MONEY": run.money,
        "STARTED": f"{run.started:%Y-%m-%dT%H:%M:%SZ}", "SOFTWARE": run.software, "ATTRIBUTION": run.attribution,
    }  # fmt: skip
    return {name: text for name, text in stated.items() if text}


def _styles(run: FinishedRun, layers: Sequence[Layer], columns: Mapping[str, Column]) -> pd.DataFrame:
    """The table ``layer_styles``: the default style of each layer."""
    return pd.DataFrame(
        {
            "f_table_catalog": "",
            "f_table_schema": "",
            "f_table_name": [layer.name for layer in layers],
            "f_geometry_column": "geom",
            "styleName": [layer.title[:30] for layer in layers],
            "styleQML": [vector_qml(layer, columns) for layer in layers],
            "styleSLD": "",
            "useAsDefault": True,
            "description": [layer.title for layer in layers],
            "owner": "",
            "ui": "",
            "update_time": pd.Timestamp(run.started),
        }
    )


def _describe_columns(path: Path, layers: Sequence[Layer], columns: Mapping[str, Column]) -> None:
    """Say in the standard's own tables what each field holds; GDAL reads titles as alternative names."""
    rows = []
    for layer in layers:
        for field in (str(name) for name in layer.frame.columns if name != layer.frame.geometry.name):
            column = column_of(field, columns)
            rows.append((layer.name, field, field, column.alias, column.meaning or None))
    with closing(sqlite3.connect(path)) as package, package:
        package.executescript(_DATA_COLUMNS)
        insert = "INSERT INTO gpkg_data_columns (table_name, column_name, name, title, description) VALUES (?,?,?,?,?)"
        package.executemany(insert, rows)
        tables = [(table, None, *_SCHEMA_EXTENSION) for table in ("gpkg_data_columns", "gpkg_data_column_constraints")]
        package.executemany("INSERT INTO gpkg_extensions VALUES (?,?,?,?,?)", tables)


@contextmanager
def _dated(run: FinishedRun) -> Iterator[None]:
    """GDAL dates what it writes by the run's start, so that the same run gives the same file."""
    former = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{run.started:%Y-%m-%dT%H:%M:%S.000Z}"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": former})
