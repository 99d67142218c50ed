"""A QGIS project of a run: every layer in groups, with paths relative to the project and the report's colours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from pyproj import CRS
from rasterio.transform import array_bounds

from strandline.pipeline.export.gis.columns import Column
from strandline.pipeline.export.gis.finished_run import FinishedRun
from strandline.pipeline.export.gis.geopackage import GEOPACKAGE
from strandline.pipeline.export.gis.layers import Layer
from strandline.pipeline.export.gis.rasters import ScenarioRaster
from strandline.pipeline.export.gis.styles import VectorStyle, readable_fields, templates, vector_style

PROJECT = "project.qgz"
GROUPS = {
    "place_names": "Places",
    "assets_points": "Assets",
    "assets_lines": "Assets",
    "assets_areas": "Assets",
    "embankments": "Plan",
    "draft_warnings": "Draft warnings, not sent",
    "evacuation_areas": "Plan",
    "zones": "Plan",
}
"""Layer → its group in the project."""
HIDDEN = ("draft_warnings", "evacuation_areas", "embankments")
"""Layers that a project lists and does not show first: drafts are void after their end, the others cover the map."""
NAMED_BY = ("name", "zone", "area", "asset_id", "line", "headline")
"""The first of these fields that a layer has names a feature."""
_GEOMETRIES = {"Point": "Point", "MultiLineString": "Line", "MultiPolygon": "Polygon"}


@dataclass(frozen=True, eq=False)
class Entry:
    """A layer of the project: of the GeoPackage, or a raster.

    Attributes:
        source: path from the project's folder.
        named_by: expression that names a feature.
    """

    id: str
    title: str
    about: str
    source: str
    provider: str
    is_shown: bool
    layer: Layer | None = None
    style: VectorStyle | None = None
    fields: Sequence[tuple[str, str]] = ()
    named_by: str = ""
    raster: ScenarioRaster | None = None

    @property
    def geometry(self) -> str:
        """Kind of geometry as QGIS calls it."""
        return "" if self.layer is None else _GEOMETRIES[self.layer.geometry]


@dataclass(frozen=True, eq=False)
class Group:
    """Layers under one heading; ``is_open``: whether they are listed at first."""

    title: str
    entries: tuple[Entry, ...]
    is_open: bool


def project_archive(
    run: FinishedRun, layers: Sequence[Layer], rasters: Sequence[ScenarioRaster], columns: Mapping[str, Column]
) -> bytes:
    """Return the project as QGIS packs it: a ZIP archive that holds its XML."""
    entry = ZipInfo("project.qgs", run.started.timetuple()[:6])
    entry.compress_type = ZIP_DEFLATED
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        archive.writestr(entry, project_xml(run, layers, rasters, columns))
    return packed.getvalue()


def project_xml(
    run: FinishedRun, layers: Sequence[Layer], rasters: Sequence[ScenarioRaster], columns: Mapping[str, Column]
) -> str:
    """Return the project's XML."""
    crs = CRS.from_user_input(run.crs)
    authority = crs.to_authority()
    _, height, width = rasters[0].values.shape
    values = {
        "run": run,
        "title": f"{'SIMULATED: ' if run.is_simulated else ''}floods of {run.place}",
        "notice": f"{run.notice} Made by {run.software}.",
        "wkt": crs.to_wkt(),
        "authority": None if authority is None else ":".join(authority),
        "bounds": array_bounds(height, width, rasters[0].transform),
        "groups": _groups(layers, rasters, columns),
    }
    return templates().get_template("project.qgs.jinja").render(values).lstrip() + "\n"


def _groups(layers: Sequence[Layer], rasters: Sequence[ScenarioRaster], columns: Mapping[str, Column]) -> list[Group]:
    entries = [(GROUPS[layer.name], _of_layer(layer, columns)) for layer in layers]
    entries += [
        (f"Floods: {raster.scenario}", _of_raster(raster, is_shown=number == 0))
        for number, raster in enumerate(rasters)
    ]
    titles = list(dict.fromkeys(group for group, _ in entries))
    groups = []
    for title in titles:
        own = tuple(entry for group, entry in entries if group == title)
        groups.append(Group(title, own, any(entry.is_shown for entry in own)))
    return groups


def _of_layer(layer: Layer, columns: Mapping[str, Column]) -> Entry:
    named = next((name for name in NAMED_BY if name in layer.frame), "")
    return Entry(
        id=f"vectors_{layer.name}",
        title=layer.title,
        about=layer.about,
        source=f"./{GEOPACKAGE}|layername={layer.name}",
        provider="ogr",
        is_shown=layer.name not in HIDDEN,
        layer=layer,
        style=vector_style(layer.name),
        fields=readable_fields(layer, columns),
        named_by=f'"{named}"' if named else "",
    )


def _of_raster(raster: ScenarioRaster, *, is_shown: bool) -> Entry:
    return Entry(
        id=raster.file.removesuffix(".tif").replace("-", "_"),
        title=raster.title,
        about=f"{raster.quantity.long_name}: {raster.scenario}.",
        source=f"./{raster.file}",
        provider="gdal",
        is_shown=is_shown,
        raster=raster,
    )
