"""Write a folder that pygeoapi serves, from the files of a finished run."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from strandline.errors import InputError, require_extra
from strandline.files import write_text
from strandline.pipeline.export.gis.columns import Column, column_of, columns_of
from strandline.pipeline.export.gis.finished_run import FinishedRun, read_finished_run
from strandline.pipeline.export.gis.layers import Layer, read_layers
from strandline.pipeline.export.gis.rasters import read_scenarios, write_rasters
from strandline.pipeline.export.ogc.configuration import (
    UNKNOWN,
    URL,
    address_of,
    configuration_of,
    without_markup,
)
from strandline.pipeline.run_folder.generations import open_run

CONFIGURATION, OPENAPI = "pygeoapi.json", "openapi.json"
_NOT_PUBLISHED = ("draft_warnings",)
"""Layers that no public server may show: a warning leaves when persons release it."""


def export_ogc(folder: Path, out: Path, url: str = URL) -> None:
    """Write the new folder ``out``, whole or not at all: configuration, OpenAPI document, layers and GeoTIFFs.

    Args:
        folder: of a finished run.
        url: where clients find the server.

    Raises:
        InputError: pygeoapi is missing, the run is not finished, ``url`` is none, or ``out`` is in use.
    """
    require_extra("export", "ogc", "pygeoapi")
    address = address_of(url)
    _refuse_used(out)
    open_run(folder)
    run = read_finished_run(folder)
    layers = [layer for layer in read_layers(run) if layer.name not in _NOT_PUBLISHED]
    rasters, columns = read_scenarios(run), columns_of(run)
    configuration = configuration_of(run, layers, rasters, address)
    with _new_folder(out) as new:
        for layer in layers:
            content = json.dumps(_collection_of(run, layer, columns), allow_nan=False, ensure_ascii=False)
            write_text(new / f"{layer.name}.geojson", without_markup(content))
        write_rasters(new, run, rasters)
        content = json.dumps(configuration, indent=2, ensure_ascii=False)
        write_text(new / CONFIGURATION, without_markup(content) + "\n")
        write_text(new / OPENAPI, _checked_openapi(new / CONFIGURATION))


def _collection_of(run: FinishedRun, layer: Layer, columns: Mapping[str, Column]) -> dict[str, Any]:
    """GeoJSON with a running number as identifier, what each field holds, and what the whole is."""
    found: dict[str, Any] = json.loads(layer.frame.reset_index(drop=True).to_json(drop_id=True))
    for number, feature in enumerate(found["features"], start=1):
        feature["id"] = number
    attributes = layer.frame.drop(columns=layer.frame.geometry.name)
    fields = {str(name): _field(values, column_of(str(name), columns)) for name, values in attributes.items()}
    return {**found, "notice": f"{run.notice} {UNKNOWN}", "fields": fields}


def _field(values: pd.Series, column: Column) -> dict[str, str]:
    kind = "string"
    if pd.api.types.is_bool_dtype(values):
        kind = "boolean"
    elif pd.api.types.is_numeric_dtype(values) or (column.unit and values.isna().all()):
        kind = "number"
    described = {"type": kind, "title": column.alias, "description": column.meaning, "x-ogc-unit": column.unit}
    return {name: text for name, text in described.items() if text}


def _checked_openapi(configuration: Path) -> str:
    """The OpenAPI document, by pygeoapi, of a configuration that its own schema admits."""
    from jsonschema.exceptions import ValidationError
    from pygeoapi.config import validate_config
    from pygeoapi.openapi import get_oas
    from pygeoapi.util import to_json, yaml_load

    try:
        with configuration.open(encoding="utf-8") as file:
            content = yaml_load(file)
        validate_config(content)
    except (ValueError, ValidationError) as error:  # ValueError: YAML that it cannot read
        raise InputError(configuration, f"pygeoapi refuses it ({error})", "report this") from error
    with _environment(PYGEOAPI_CONFIG=str(configuration)):
        return str(to_json(get_oas(content), pretty=True))


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    former = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in former.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _refuse_used(out: Path) -> None:
    if out.is_symlink() or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
        raise InputError(out, "is there already", "name another folder")


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """Yield a folder that becomes ``out`` in the end.

    Raises:
        InputError: ``out`` is in use, or cannot be written.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".partial-{out.name}-", dir=out.parent) as parent:
            new = Path(parent) / "new"
            new.mkdir()
            yield new
            _refuse_used(out)
            new.rename(out)
    except OSError as error:
        raise InputError(out, f"cannot be written ({error.strerror})", "name another folder") from error
