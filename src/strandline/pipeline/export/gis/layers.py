"""The vector layers of a run: names of places, zones, areas of the evacuation, drafts, embankments and assets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import MultiPolygon, Polygon

from strandline.errors import InputError
from strandline.pipeline.export.gis.finished_run import FinishedRun
from strandline.report.alerts.cap import NAMESPACE
from strandline.report.catalogues.place_names import PLACE_NAMES_FILE
from strandline.report.figures.maps import DAMAGE_LABELS, UNKNOWN_ASSET, middle_damage_state

DRAFT = "DRAFT, not sent"
_DAMAGE = np.array([*DAMAGE_LABELS, "unknown"])
_GEOMETRIES = (("points", "Point"), ("lines", "MultiLineString"), ("areas", "MultiPolygon"))
"""By the dimension of the geometry: part of a layer's name and title, and the type in the GeoPackage."""


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer of the GeoPackage.

    Attributes:
        title: for people.
        about: one sentence on what it holds.
        geometry: one type for all features, as GIS expect it.
    """

    name: str
    title: str
    about: str
    frame: gpd.GeoDataFrame
    geometry: str


def read_layers(run: FinishedRun) -> list[Layer]:
    """Return the layers of a run that have a feature, the topmost of a map first.

    Raises:
        InputError: a file cannot be read.
    """
    return [layer for layer in _all_layers(run) if len(layer.frame)]


def _all_layers(run: FinishedRun) -> Iterator[Layer]:
    rarest = f"the {run.rarest:g}-year sea level of today"
    names = _read(run, PLACE_NAMES_FILE)
    if names is not None:
        about = "Names of towns and villages, in the local script and in other languages; no number rests on them."
        yield Layer("place_names", "Names of places", about, names, "Point")
    yield from _assets(run, rarest)
    stretches = _read(run, "embankments.geojson")
    if stretches is not None:
        about = "Stretches of embankments with what a repair costs and avoids; no number says that one holds."
        yield Layer("embankments", "Embankments", about, _as_lines(stretches), "MultiLineString")
    about = (
        "Areas of the drafts in `alerts/`, by the forecast of the run; each is void after its end, and none is sent"
        " before a person decides."
    )
    yield Layer("draft_warnings", "Draft warnings (not sent)", about, _draft_warnings(run), "MultiPolygon")
    zones = _read(run, "zones.geojson")
    if zones is None:
        return
    zones = _as_areas(zones)
    about = "Zones that leave together, with the sea level from which people are in danger."
    yield Layer("evacuation_areas", "Areas evacuated together", about, _evacuation_areas(run, zones), "MultiPolygon")
    about = f"Zones of the plan, with bounds of the people in danger given {rarest}."
    yield Layer("zones", "Zones", about, zones, "MultiPolygon")


def _assets(run: FinishedRun, rarest: str) -> Iterator[Layer]:
    """One layer for each kind of geometry that occurs."""
    assets = _read(run, "assets.geojson")
    if assets is None or assets.empty:
        return
    if "damage_state_0" in assets:
        assets.insert(2, "damage_state", _DAMAGE[middle_damage_state(assets)])
    else:
        assets.insert(2, "damage_state", _DAMAGE[UNKNOWN_ASSET])
    dimension = shapely.get_dimensions(assets.geometry.to_numpy())
    for number, (part, geometry) in enumerate(_GEOMETRIES):
        own = assets[dimension == number]
        if number == 1:
            own = _as_lines(own)
        elif number == 2:
            own = _as_areas(own)
        else:
            own = own.explode(ignore_index=True)
        about = f"Assets with their value, expected annual damage and damage given {rarest}; empty = unknown, never 0."
        yield Layer(f"assets_{part}", f"Assets ({part})", about, own, geometry)


def _evacuation_areas(run: FinishedRun, zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    areas = (run.plan.get("evacuation") or {}).get("areas", [])
    outline = dict(zip(zones["zone"], zones.geometry, strict=True))
    rows = []
    for area in areas:
        people = area["people"]
        known = not people.get("is_unknown", False)
        rows.append(
            {
                "area": area["name"],
                "zones": ", ".join(area["zones"]),
                "level": area["level"],
                "frequency": area["frequency"]["in_words"],
                **{f"people_{part}": people[part] if known else np.nan for part in ("low", "likely", "high")},
                "day_hours": area["day_hours"],
                "night_hours": area["night_hours"],
                "geometry": shapely.union_all([outline[name] for name in area["zones"] if name in outline]),
            }
        )
    return _as_areas(_frame(rows))


def _draft_warnings(run: FinishedRun) -> gpd.GeoDataFrame:
    rows = [row for path in sorted((run.folder / "alerts").glob("*.xml")) for row in _areas_of_draft(path)]
    return _as_areas(_frame(rows))


def _areas_of_draft(path: Path) -> list[dict[str, object]]:
    """One row for each area of a message of the Common Alerting Protocol, in its first language."""
    try:
        root = ElementTree.parse(path).getroot()
        info = root.find(_name("info"))
        if info is None:
            raise ValueError("it says nothing")
        parameters = {pair[0].text: pair[1].text for pair in info.iter(_name("parameter"))}
        common = {
            "headline": _text(info, "headline"),
            "status": f"{DRAFT} ({_text(root, 'status')})",
            "probability": float(parameters.get("probability") or np.nan),
            "water_level": parameters.get("waterLevel"),
            "severity": _text(info, "severity"),
            **{name: _text(parent, name) for parent, name in ((root, "sent"), (info, "onset"), (info, "expires"))},
            "message": f"alerts/{path.name}",
        }
        return [
            {**common, "area_name": _text(area, "areaDesc"), "geometry": _polygons(area)}
            for area in info.iter(_name("area"))
        ]
    except (OSError, ElementTree.ParseError, LookupError, ValueError) as error:
        raise InputError(path, f"is no draft of a warning ({error})", "move it out of this folder") from error


def _polygons(area: ElementTree.Element) -> MultiPolygon:
    rings = [
        [tuple(float(degrees) for degrees in reversed(pair.split(","))) for pair in (ring.text or "").split()]
        for ring in area.iter(_name("polygon"))
    ]
    return MultiPolygon([Polygon(ring) for ring in rings])


def _name(element: str) -> str:
    return f"{{{NAMESPACE}}}{element}"


def _text(parent: ElementTree.Element, element: str) -> str:
    found = parent.findtext(_name(element))
    if found is None:
        raise KeyError(f"it has no {element}")
    return found


def _read(run: FinishedRun, file: str) -> gpd.GeoDataFrame | None:
    """The features of a GeoJSON of the run; ``None`` = the run has none."""
    path = run.folder / file
    if not path.exists():
        return None
    try:
        frame = gpd.read_file(path)
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(path, f"cannot be read ({error})", "run `strandline run` again") from error
    return frame if isinstance(frame, gpd.GeoDataFrame) else _frame([])


def _frame(rows: list[Mapping[str, object]] | list[dict[str, object]]) -> gpd.GeoDataFrame:
    table = pd.DataFrame(rows) if rows else pd.DataFrame({"geometry": []})
    return gpd.GeoDataFrame(table, geometry="geometry", crs="EPSG:4326")


def _as_lines(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    lines = [shapely.multilinestrings(shapely.get_parts(each)) for each in frame.geometry]
    return frame.set_geometry(gpd.GeoSeries(lines, index=frame.index, crs=frame.crs))


def _as_areas(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    parts = (shapely.get_parts(each) for each in frame.geometry)
    areas = [MultiPolygon([part for part in each if isinstance(part, Polygon)]) for each in parts]
    return frame.set_geometry(gpd.GeoSeries(areas, index=frame.index, crs=frame.crs))
