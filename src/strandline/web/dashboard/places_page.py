"""The page of the places: choose one, see what is there, fetch, run, and change what a run assumes."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from strandline.report.figures.style import LAND, MAP_INK, SEA, UNKNOWN
from strandline.web.dashboard.i18n import LANGUAGES, choose_language, labels
from strandline.web.dashboard.page import labels_for_scripts, template_of
from strandline.web.dashboard.static_files import bundle_version
from strandline.web.run_folder import RunFolder


def places_page(runs: Mapping[str, RunFolder]) -> APIRouter:
    """Return the route of the page."""
    router = APIRouter(include_in_schema=False)
    template = template_of("places.html.jinja")

    @router.get("/places")
    def show_places(request: Request, lang: Annotated[str | None, Query(max_length=10)] = None) -> HTMLResponse:
        language = choose_language(lang, request.headers.get("accept-language", ""))
        catalogue = labels(language)
        content = template.render(
            t=catalogue, labels=labels_for_scripts(catalogue), language=language, languages=LANGUAGES,
            has_runs=bool(runs), ground={"land": LAND, "sea": SEA, "unknown": UNKNOWN, "ink": MAP_INK},
            bundle_version=bundle_version(),
        )  # fmt: skip
        headers = {"Cache-Control": "no-cache", "Vary": "Accept-Language", "Content-Language": language}
        return HTMLResponse(content, headers=headers)

    return router
