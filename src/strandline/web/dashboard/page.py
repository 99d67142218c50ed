"""The dashboard: one page that says what matters without a script, and draws with one."""

import json
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from strandline.web.dashboard.i18n import LANGUAGES, choose_language, labels
from strandline.web.dashboard.number_format import NumberFormat
from strandline.web.dashboard.situation import MONITORING, current_situation
from strandline.web.dashboard.static_files import STATIC_FILES, PLOTLY, bundle_version, load_static_file
from strandline.web.raster_tiles import SCALES
from strandline.web.run_folder import RunFolder
from strandline.web.watch_view import Clock, WatchView

IMMUTABLE = "public, max-age=31536000, immutable"
MAX_ACTIONS = 12
"""Of the plan that are listed; the report has them all."""


def page_routes(runs: Mapping[str, RunFolder], watch: WatchView | None, clock: Clock) -> APIRouter:
    """The page, its scripts and its styles."""
    router = APIRouter(include_in_schema=False)
    environment = Environment(
        loader=PackageLoader("strandline.web.dashboard", ""), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    template = environment.get_template("dashboard.html.jinja")

    @router.get("/")
    def show_dashboard(
        request: Request, run: Annotated[str | None, Query(max_length=100)] = None,
        lang: Annotated[str | None, Query(max_length=10)] = None,
    ) -> HTMLResponse:  # fmt: skip
        language = choose_language(lang, request.headers.get("accept-language", ""))
        name = next(iter(runs)) if run is None else run
        if name not in runs:
            raise HTTPException(404, f"no run is called {name!r}; /api/v1/runs lists them")
        content = template.render(
            **_template_context(runs[name], watch, language, clock), runs=runs, languages=LANGUAGES, bundle_version=bundle_version()
        )
        headers = {"Cache-Control": "no-cache", "Vary": "Accept-Language", "Content-Language": language}
        return HTMLResponse(content, headers=headers)

    @router.get("/static/{edition}/{name}")
    def send_static_file(request: Request, name: str, bundle_version: str) -> Response:
        if name not in STATIC_FILES and name != PLOTLY:
            raise HTTPException(404, "no such file")
        asset = load_static_file(name)
        headers = {"Cache-Control": IMMUTABLE, "ETag": f'"{asset.digest}"', "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(asset.compressed, media_type=asset.media_type, headers=headers)
        return Response(asset.content, media_type=asset.media_type, headers=headers)

    return router


def _template_context(run: RunFolder, watch: WatchView | None, language: str, clock: Clock) -> dict[str, object]:
    """What the template tells of one run in one language."""
    words, record = labels(language), run.record()
    is_watched = watch is not None and watch.run.id == run.id
    situation = current_situation(watch) if watch is not None and is_watched else None
    actions = [action for action in run.actions() if action.kind != MONITORING]
    return {
        "run": record,
        "age": clock() - record.started,
        "is_watched": is_watched,
        "now": situation,
        "plan": [action for action in actions if action.avoided_loss_per == "year"][:MAX_ACTIONS],
        "levels": run.action_levels(),
        "products": run.products(),
        "quantities": [name for name in SCALES if (run.path / f"{name}.tif").is_file()],
        "language": language,
        "say": NumberFormat(words["unknown"]),
        "t": words,
        "tell": lambda key, **values: Markup(escape(words[key])).format(**values),
        "name_of": lambda kind, name: words.get(f"{kind}_{name}", str(name).replace("_", " ")),
        "labels": Markup(json.dumps(dict(words), ensure_ascii=False).replace("</", "<\\/").replace("<!--", "<\\!--")),
        "api_link": Markup('<a href="/api/v1">/api/v1</a>, <a href="/api/v1/openapi.json">OpenAPI</a>'),
    }
