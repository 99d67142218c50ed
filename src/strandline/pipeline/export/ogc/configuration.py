"""The configuration of pygeoapi for a run: what each collection holds, above which datum, and whose data it is."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import geopandas as gpd
from rasterio.transform import array_bounds
from rasterio.warp import transform_bounds

from strandline.errors import InputError
from strandline.pipeline.export.gis.finished_run import FinishedRun
from strandline.pipeline.export.gis.layers import Layer
from strandline.pipeline.export.gis.rasters import ScenarioRaster

UNKNOWN = "Null or no value means unknown, never dry; outside the map everything is unknown."
LONGITUDE_LATITUDE = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_PROVIDERS = "strandline.pipeline.export.ogc.providers"
_GEOTIFF = {"name": "GTiff", "mimetype": "image/tiff; application=geotiff"}
_JSON = {"name": "GeoJSON", "mimetype": "application/geo+json"}
_HOST, _PORT = "127.0.0.1", 5000
URL = f"http://{_HOST}:{_PORT}"
_MOST_FEATURES = 10_000
_BRACKETS = str.maketrans("<>", "‹›")
Json = dict[str, Any]


def without_markup(text: str) -> str:
    """``text``, or JSON as text, with other brackets: pages of pygeoapi write names into their scripts as they are."""
    return text.translate(_BRACKETS)


def address_of(url: str) -> str:
    """The address of a server without a slash at its end.

    Raises:
        InputError: ``url`` is none.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise InputError("--url", f"{url} is no address of a server", "give http://HOST or https://HOST/PATH")
    return url.rstrip("/")


def configuration_of(run: FinishedRun, layers: Sequence[Layer], rasters: Sequence[ScenarioRaster], url: str) -> Json:
    """Return the configuration; paths of data are relative to its own folder.

    Args:
        url: where clients find the server, without a slash at the end.
    """
    title = f"{'SIMULATED: ' if run.is_simulated else ''}Flood maps and plan of {run.place}"
    return {
        "server": {
            "bind": {"host": _HOST, "port": _PORT},
            "url": url,
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "language": "en-GB",
            "gzip": False,
            "cors": False,
            "admin": False,
            "limits": {"default_items": 100, "max_items": _MOST_FEATURES, "on_exceed": "throttle"},
            "map": {
                "url": "https://tile.openstreetmap.org/{z}/{x}/{y}.png",
                "attribution": "© OpenStreetMap contributors",
            },
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {
                "title": title,
                "description": f"{run.notice} {UNKNOWN}",
                "keywords": ["flood", "coast", run.place],
                "keywords_type": "theme",
                "terms_of_service": "Maps of a model: see report.html of the run for how sure they are.",
                "url": url,
            },
            "license": {"name": _licence(run), "url": url},
            "provider": {"name": f"made by {run.software}"},
            "contact": {"name": "whoever published this server"},
        },
        "resources": {
            **{layer.name: _features(run, layer) for layer in layers},
            **{raster.file.removesuffix(".tif"): _raster(run, raster) for raster in rasters},
        },
    }


def _licence(run: FinishedRun) -> str:
    credits = f"; credits: {run.attribution}" if run.credits else ""
    return f"of each source, in data_sources.md of the run{credits}"


def _features(run: FinishedRun, layer: Layer) -> Json:
    provider = {
        "type": "feature", "name": f"{_PROVIDERS}.Layer", "data": f"{layer.name}.geojson", "id_field": "id",
        "format": _JSON,
    }  # fmt: skip
    west, south, east, north = _bounds(layer.frame)
    return _collection(run, layer.title, layer.about, (west, south, east, north), [provider])


def _raster(run: FinishedRun, raster: ScenarioRaster) -> Json:
    _, height, width = raster.values.shape
    bounds = transform_bounds(run.crs, "EPSG:4326", *array_bounds(height, width, raster.transform))
    about = f"{raster.quantity.long_name}: {raster.scenario}. Unit: {raster.quantity.unit}. Each parameter is one band."
    providers: list[Json] = [
        {"type": "coverage", "name": f"{_PROVIDERS}.Grid", "data": raster.file, "format": _GEOTIFF},
        {"type": "edr", "name": f"{_PROVIDERS}.Positions", "data": raster.file},
    ]
    return _collection(run, f"{raster.quantity.title}: {raster.scenario}", about, bounds, providers)


def _bounds(frame: gpd.GeoDataFrame) -> tuple[float, float, float, float]:
    west, south, east, north = frame.total_bounds
    return float(west), float(south), float(east), float(north)


def _collection(
    run: FinishedRun, title: str, about: str, bounds: tuple[float, float, float, float], providers: list[Json]
) -> Json:
    return {
        "type": "collection",
        "title": f"SIMULATED: {title}" if run.is_simulated else title,
        "description": f"{about} {UNKNOWN} {run.notice}",
        "keywords": ["flood", run.place],
        "extents": {"spatial": {"bbox": [round(edge, 7) for edge in bounds], "crs": LONGITUDE_LATITUDE}},
        "providers": providers,
    }
