"""The dashboard: one page that shows what matters without a script, and draws charts with one."""

import json
from collections.abc import Mapping
from functools import cache
from math import cos, radians
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from strandline.observations.region_file.prices.money import MoneyUnit
from strandline.report.figures.style import LAND, MAP_INK, SEA, UNKNOWN
from strandline.report.products import GROUND_FILE
from strandline.web.dashboard.i18n import LANGUAGES, choose_language, labels
from strandline.web.dashboard.number_format import NumberFormat
from strandline.web.dashboard.situation import current_situation
from strandline.web.dashboard.static_files import (
    FONTS,
    LIBRARIES,
    MAP_MODULES,
    OWN_FILES,
    PAGE_STYLE,
    bundle_version,
    choose_coding,
    coded,
    load_static_file,
)
from strandline.web.layers.zone_layers import zone_layers
from strandline.web.raster_tiles import SCALES, geographic_bounds
from strandline.web.run_folder import RunFolder
from strandline.web.watch_view import Clock, WatchView

IMMUTABLE = "public, max-age=31536000, immutable"
PICTURE = 640
"""Width of the picture before a script runs [px]."""
MAP_DATA = ("layers", "zone-layers", "zones", "place-names?limit=1000")
"""What the map of a run waits for: it comes with the scripts, and not after them."""
MAX_ACTIONS = 12
"""Actions of the plan that the page lists; the report has all."""


def page_routes(
    runs: Mapping[str, RunFolder], watch: WatchView | None, clock: Clock, *, has_places: bool = False
) -> APIRouter:
    """Return the routes of the page, its scripts and its styles; without a run it leads to the page of the places."""
    router = APIRouter(include_in_schema=False)
    template = template_of("dashboard.html.jinja")

    @router.get("/")
    def show_dashboard(
        request: Request, run: Annotated[str | None, Query(max_length=100)] = None,
        lang: Annotated[str | None, Query(max_length=10)] = None,
    ) -> Response:  # fmt: skip
        if not runs:
            return RedirectResponse("/places", 307, {"Cache-Control": "no-store"})
        language = choose_language(lang, request.headers.get("accept-language", ""))
        name = next(iter(runs)) if run is None else run
        if name not in runs:
            raise HTTPException(404, f"no run is called {name!r}; /api/v1/runs lists them")
        context = _template_context(runs[name], watch, language, clock)
        context |= {"runs": runs, "languages": LANGUAGES, "bundle_version": bundle_version(), "modules": MAP_MODULES}
        context |= {"has_places": has_places, "saves_data": request.headers.get("save-data") == "on"}
        context["map_data"] = [f"runs/{name}/{each}" for each in MAP_DATA]
        content = template.render(**context)
        headers = {"Cache-Control": "no-cache", "Vary": "Accept-Language, Save-Data", "Content-Language": language}
        return HTMLResponse(content, headers=headers)

    @router.get("/static/{version}/{name:path}")
    def send_static_file(request: Request, name: str, version: str) -> Response:
        if name not in {*OWN_FILES, *FONTS, *LIBRARIES, PAGE_STYLE}:
            raise HTTPException(404, "no such file")
        file = load_static_file(name)
        headers = {"Cache-Control": IMMUTABLE, "ETag": f'"{file.digest}"', "Vary": "Accept-Encoding"}
        coding = choose_coding(request.headers.get("accept-encoding", ""))
        if coding != "identity":
            headers["Content-Encoding"] = coding
        return Response(coded(name, coding), media_type=file.media_type, headers=headers)

    return router


@cache
def template_of(name: str) -> Template:
    """A template of a page, compiled once for all applications of a process."""
    environment = Environment(
        loader=PackageLoader("strandline.web.dashboard", ""), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template(name)


def _template_context(run: RunFolder, watch: WatchView | None, language: str, clock: Clock) -> dict[str, object]:
    """Return the variables of the template for one run in one language."""
    catalogue, record = labels(language), run.record()
    quantities = [name for name in SCALES if run.file(f"{name}.tif").is_file()]
    money = MoneyUnit.parse(record.money)
    is_watched = watch is not None and watch.run.id == run.id
    # the log first: what is written while the page is made is sent to it afterwards
    log_head = watch.head()[0] if watch is not None and is_watched else 0
    situation = current_situation(watch) if watch is not None and is_watched else None
    return {
        "run": record,
        "money": money,
        "age": clock() - record.started,
        "is_watched": is_watched,
        "now": situation,
        "log_head": log_head,
        "plan": run.actions()[:MAX_ACTIONS],
        "levels": run.action_levels(),
        "products": run.products(),
        "quantities": quantities,
        "zone_quantities": list(dict.fromkeys(layer.quantity for layer in zone_layers(run))),
        "ground": {"land": LAND, "sea": SEA, "unknown": UNKNOWN, "ink": MAP_INK},
        "has_ground": run.file(GROUND_FILE).is_file(),
        "scene": run.scene(),
        "picture": _picture_of(run, quantities[0]) if quantities else None,
        "credits": run.credits(),
        "chosen": run.chosen_strategy(),
        "language": language,
        "numbers": NumberFormat(catalogue["unknown"], money),
        "t": catalogue,
        "translate": lambda key, **values: Markup(escape(catalogue[key])).format(**values),
        "name_of": lambda kind, name: catalogue.get(f"{kind}_{name}", str(name).replace("_", " ")),
        "labels": labels_for_scripts(catalogue),
        "api_link": Markup('<a href="/api/v1">/api/v1</a>, <a href="/api/v1/openapi.json">OpenAPI</a>'),
    }


def labels_for_scripts(catalogue: Mapping[str, str]) -> Markup:
    """Return the labels as JSON that can stand within a script element."""
    return Markup(json.dumps(dict(catalogue), ensure_ascii=False).replace("</", "<\\/").replace("<!--", "<\\!--"))


def _picture_of(run: RunFolder, quantity: str) -> dict[str, object]:
    """Return address and size [px] of the picture before a script runs: the rarest sea level of today."""
    bands = run.bands(f"{quantity}.tif")
    band = max((each for each in bands if each.scenario == bands[0].scenario), key=lambda each: each.return_period or 0)
    west, south, east, north = geographic_bounds(run.file(f"{quantity}.tif"))
    ratio = (north - south) / ((east - west) * cos(radians((south + north) / 2)))
    height = round(min(max(PICTURE * ratio, PICTURE / 4), PICTURE * 1.5))
    source = f"/api/v1/runs/{run.id}/layers/{quantity}/{band.number}.png?width={PICTURE}&height={height}&paint=map"
    return {"source": source, "width": PICTURE, "height": height, "quantity": quantity,
            "return_period": None if band.return_period is None else f"{band.return_period:g}"}  # fmt: skip
