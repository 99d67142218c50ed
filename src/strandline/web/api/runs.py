"""The API over runs; read-only."""

from functools import partial
from typing import Annotated, Any, Literal, TypeAlias

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from fastapi.responses import FileResponse

from strandline.errors import InputError
from strandline.pipeline.run_folder.bands import Band
from strandline.pipeline.run_folder.media_types import media_type_of
from strandline.report.alerts.forecast_trace import forecast_of_the_peak
from strandline.report.catalogues.place_names import PLACE_NAMES_FILE
from strandline.report.plan.flood_times_table import FLOOD_TIMES_FILE
from strandline.report.products import GROUND_FILE, SCENE_FILE
from strandline.web.api.etags import cache_headers, edition_of
from strandline.web.api.pagination import Cursor, Limit, paginate_list
from strandline.web.comparison import PROBABILITY, compare, paired_bands
from strandline.web.layers.zone_layers import zone_layers
from strandline.web.pictures import Pictures
from strandline.web.raster_tiles import (
    MAX_SIZE,
    SCALES,
    Layer,
    Paint,
    draw_change,
    draw_part,
    draw_tile,
    geographic_bounds,
)
from strandline.web.run_folder import RunFolder
from strandline.web.schemas import (
    ActionRecord,
    BoundingBox,
    Comparison,
    FeatureRecord,
    LayerRecord,
    Page,
    ProductRecord,
    ReturnLevel,
    RunRecord,
    SceneRecord,
    SurgeRow,
    ZoneLayerRecord,
)

REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups"
"""The report is one file with its style and its images, without scripts."""
MAX_ZOOM = 24
Name: TypeAlias = Annotated[str, Path(max_length=100, pattern=r"^[a-z0-9-]+$")]
Quantity: TypeAlias = Annotated[str, Path(max_length=40, pattern=r"^[a-z_]+$")]
BandNumber: TypeAlias = Annotated[int, Path(ge=1, le=10_000)]
Pixels: TypeAlias = Annotated[int, Query(ge=16, le=MAX_SIZE)]
Edition: TypeAlias = Annotated[str | None, Query(alias="v", max_length=40, description="of the picture")]
Below: TypeAlias = Annotated[
    Literal["ground", "scene"], Query(description="scene: a satellite scene, where there is one")
]
Box: TypeAlias = Annotated[str | None, Query(max_length=120, description="west,south,east,north [degrees, WGS 84]")]


def run_routes(runs: dict[str, RunFolder]) -> APIRouter:
    """Return the routes below ``/runs``."""
    router, pictures = APIRouter(prefix="/runs", tags=["runs"]), Pictures()

    def of(name: str) -> RunFolder:
        if name not in runs:
            raise HTTPException(404, f"no run is called {name!r}; /api/v1/runs lists them")
        return runs[name]

    def changes_with(file: str) -> Any:
        def add_cache_headers(request: Request, response: Response, run: Name) -> None:
            version = of(run).file_version(file) if of(run).file(file).exists() else None
            response.headers.update(cache_headers(request, version))

        return Depends(add_cache_headers)

    @router.get("")
    def list_runs(request: Request, response: Response, cursor: Cursor = None, limit: Limit = 100) -> Page[RunRecord]:
        """The runs with their headlines."""
        response.headers.update(cache_headers(request, [run.file_version("summary.json") for run in runs.values()]))
        return paginate_list(list(runs.values()), RunFolder.record, cursor, limit)

    @router.get("/{run}", dependencies=[changes_with("summary.json")])
    def show_run(run: Name) -> RunRecord:
        """The headlines of a run."""
        return of(run).record()

    @router.get("/{run}/actions", dependencies=[changes_with("plan.json")])
    def list_actions(run: Name, cursor: Cursor = None, limit: Limit = 100) -> Page[ActionRecord]:
        """The actions of the plan, by priority."""
        return paginate_list(of(run).actions(), ActionRecord.model_copy, cursor, limit)

    @router.get("/{run}/assets", dependencies=[changes_with("assets.geojson")])
    def list_assets(run: Name, cursor: Cursor = None, limit: Limit = 500) -> Page[FeatureRecord]:
        """Assets with damage states and expected annual damage; null = unknown."""
        return paginate_list(of(run).features("assets.geojson"), FeatureRecord.model_validate, cursor, limit)

    @router.get("/{run}/zones", dependencies=[changes_with("zones.geojson")])
    def list_zones(run: Name, cursor: Cursor = None, limit: Limit = 500) -> Page[FeatureRecord]:
        """Zones with their flooded share; null = unknown."""
        return paginate_list(of(run).features("zones.geojson"), FeatureRecord.model_validate, cursor, limit)

    @router.get("/{run}/place-names", dependencies=[changes_with(PLACE_NAMES_FILE)])
    def list_place_names(run: Name, cursor: Cursor = None, limit: Limit = 500) -> Page[FeatureRecord]:
        """Names of towns and villages, the largest first; none where the run has none."""
        return paginate_list(of(run).features(PLACE_NAMES_FILE), FeatureRecord.model_validate, cursor, limit)

    @router.get("/{run}/zone-layers")
    def list_zone_layers(request: Request, response: Response, run: Name) -> list[ZoneLayerRecord]:
        """What is known of each zone, by sea level: people in danger, when water comes, how long it may stand."""
        state = [_state(of(run), name) for name in ("zones.geojson", FLOOD_TIMES_FILE)]
        response.headers.update(cache_headers(request, state))
        return zone_layers(of(run))

    @router.get("/{run}/scene")
    def show_scene(request: Request, response: Response, run: Name) -> SceneRecord | None:
        """The satellite scene that can lie below the map (``below=scene``); null = the run has none."""
        response.headers.update(cache_headers(request, _state(of(run), SCENE_FILE)))
        return of(run).scene()

    @router.get("/{run}/return-levels", dependencies=[changes_with("summary.json")])
    def list_return_levels(run: Name) -> list[ReturnLevel]:
        """Sea levels by return period."""
        return of(run).record().return_levels

    @router.get("/{run}/surge", dependencies=[changes_with("surge.csv")])
    def list_surge(run: Name, peak: bool = False, cursor: Cursor = None, limit: Limit = 500) -> Page[SurgeRow]:
        """Forecasts of held-out storms, by issue and time; with ``peak``, only the one for the highest level."""
        table = of(run).surge()
        if peak:
            trace = forecast_of_the_peak(table)
            table = table.iloc[:0] if trace is None else trace.rows
        rows = table.astype(object).where(table.notna(), None).to_dict(orient="records")
        return paginate_list(rows, SurgeRow.model_validate, cursor, limit)

    @router.get("/{run}/products")
    def list_products(request: Request, response: Response, run: Name) -> list[ProductRecord]:
        """The files of the run."""
        products = of(run).products()
        response.headers.update(cache_headers(request, products))
        return products

    @router.get("/{run}/products/{name:path}", response_class=FileResponse)
    def download(
        request: Request, run: Name, name: Annotated[str, Path(max_length=300)], download: bool = False
    ) -> FileResponse:
        """One file, unchanged."""
        if not of(run).is_product(name):
            raise HTTPException(404, "no such product; /products lists them")
        headers = cache_headers(request, of(run).file_version(name))
        if name == "report.html":
            headers["Content-Security-Policy"] = REPORT_POLICY
        shown = "inline" if name == "report.html" and not download else "attachment"
        path = of(run).path / name
        return FileResponse(path, headers=headers, media_type=media_type_of(name), filename=path.name,
                            content_disposition_type=shown)  # fmt: skip

    @router.get("/{run}/layers")
    def list_layers(request: Request, response: Response, run: Name) -> list[LayerRecord]:
        """The layers that can be drawn: one for each quantity, scenario, return period or bound, and percentile."""
        names = [name for name in SCALES if of(run).file(f"{name}.tif").is_file()]
        response.headers.update(cache_headers(request, [_state(of(run), f"{name}.tif") for name in names]))
        return [layer for name in names for layer in _layers(of(run), name)]

    @router.get("/{run}/layers/{quantity}/{band}.png", response_class=Response)
    async def draw_layer(
        request: Request, run: Name, quantity: Quantity, band: BandNumber, bbox: Box = None,
        width: Pixels = 512, height: Pixels = 512, paint: Paint = "layer", below: Below = "ground", _: Edition = None,
    ) -> Response:  # fmt: skip
        """An image of a part of a band; unknown cells and the outside of the raster are hatched."""
        layer = _layer(of(run), quantity, band, below)
        headers = cache_headers(request, _state(of(run), layer.path.name))
        bounds = parse_bbox(bbox) or geographic_bounds(layer.path)
        draw = partial(draw_part, layer, paint, bounds, width, height)
        return png(await pictures.get(headers["ETag"], draw, request), headers)

    @router.get("/{run}/layers/{quantity}/{band}/{z}/{x}/{y}.png", response_class=Response)
    async def draw_map_tile(
        request: Request, run: Name, quantity: Quantity, band: BandNumber,
        z: Annotated[int, Path(ge=0, le=MAX_ZOOM)], x: Annotated[int, Path(ge=0)], y: Annotated[int, Path(ge=0)],
        paint: Paint = "layer", below: Below = "ground", _: Edition = None,
    ) -> Response:  # fmt: skip
        """A web Mercator tile of a band; unknown cells and the outside of the raster are hatched."""
        if max(x, y) >= 2**z:
            raise HTTPException(404, f"zoom {z} has no tile {x}, {y}")
        layer = _layer(of(run), quantity, band, below)
        headers = cache_headers(request, _state(of(run), layer.path.name))
        draw = partial(draw_tile, layer, paint, z, x, y)
        return png(await pictures.get(headers["ETag"], draw, request), headers)

    @router.get("/{run}/compared/{other}")
    def compare_runs(request: Request, response: Response, run: Name, other: Name) -> Comparison:
        """How the other run differs from this one; both must be of the same site."""
        state = [
            of(each).file_version(file) for each in (run, other) for file in ("summary.json", "plan.json", PROBABILITY)
        ]
        response.headers.update(cache_headers(request, state))
        return compare(of(run), of(other))

    @router.get("/{run}/compared/{other}/{band}.png", response_class=Response)
    async def draw_comparison(
        request: Request, run: Name, other: Name, band: BandNumber, bbox: Box = None,
        width: Pixels = 512, height: Pixels = 512,
    ) -> Response:  # fmt: skip
        """The difference of the flood probability; cells unknown in either run are hatched."""
        headers = cache_headers(request, of(run).file_version(PROBABILITY), of(other).file_version(PROBABILITY))
        bands = {one.number: two.number for one, two in paired_bands(of(run), of(other))}
        if band not in bands:
            raise HTTPException(404, "the other run has no such scenario and return period")
        first, second = (of(run).file(PROBABILITY), band), (of(other).file(PROBABILITY), bands[band])
        bounds = parse_bbox(bbox) or geographic_bounds(first[0])
        draw = partial(draw_change, first, second, bounds, width, height)
        return png(await pictures.get(headers["ETag"], draw, request), headers)

    return router


def _layers(run: RunFolder, quantity: str) -> list[LayerRecord]:
    path, scale = run.file(f"{quantity}.tif"), SCALES[quantity]
    bounds, legend, edition = geographic_bounds(path), scale.legend(), edition_of(_state(run, path.name))

    def layer(band: Band) -> LayerRecord:
        at = f"/api/v1/runs/{run.id}/layers/{quantity}/{band.number}"
        return LayerRecord(
            quantity=quantity, band=band.number, scenario=band.scenario, return_period=band.return_period,
            percentile=band.percentile, bound=band.bound, unit=scale.unit, bounds=bounds, legend=legend,
            image=f"{at}.png", tiles=f"{at}/{{z}}/{{x}}/{{y}}.png?v={edition}",
        )  # fmt: skip

    return [layer(band) for band in run.bands(path.name)]


def _layer(run: RunFolder, quantity: str, band: int, below: str) -> Layer:
    path, ground, scene = (run.file(name) for name in (f"{quantity}.tif", GROUND_FILE, SCENE_FILE))
    drawn = path.is_file() and quantity in SCALES and band in (each.number for each in run.bands(path.name))
    if not drawn:
        raise HTTPException(404, f"no band {band} of {quantity!r}; /layers lists them")
    return Layer(path, band, SCALES[quantity], ground if ground.is_file() else None,
                 scene if below == "scene" and scene.is_file() else None)  # fmt: skip


def _state(run: RunFolder, name: str) -> tuple[object, ...]:
    """What pictures of a file depend on: it, the ground and the scene."""
    return tuple(run.file_version(each) for each in (name, GROUND_FILE, SCENE_FILE) if run.file(each).is_file())


def parse_bbox(bbox: str | None) -> BoundingBox | None:
    """West, south, east, north [degrees, WGS 84] of a query; ``None`` = the whole.

    Raises:
        InputError: it is no box on the map.
    """
    if bbox is None:
        return None
    try:
        west, south, east, north = (float(part) for part in bbox.split(","))
    except ValueError as error:
        raise InputError("bbox", f"{bbox!r} is not four numbers", "west,south,east,north in degrees") from error
    if not (-180 <= west < east <= 180 and -85 <= south < north <= 85):
        raise InputError("bbox", f"{bbox!r} is not a part of the map", "west < east, south < north, in degrees")
    return west, south, east, north


def png(content: bytes, headers: dict[str, str]) -> Response:
    """A picture as an answer."""
    return Response(content, media_type="image/png", headers=headers)
