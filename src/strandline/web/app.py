"""The web application: API, dashboard, error handlers and middleware."""

import json
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.middleware.gzip import GZipMiddleware

from strandline.errors import InputError, StrandlineError
from strandline.watch.store import Busy, Damaged
from strandline.web.api.etags import NotModified, handle_not_modified
from strandline.web.api.places.routes import places_routes
from strandline.web.api.runs import run_routes
from strandline.web.api.security import SecurityMiddleware
from strandline.web.api.server_sent_events import OpenStreams
from strandline.web.api.sign_in import OnlyUsers, SignIn
from strandline.web.api.token import Token
from strandline.web.api.watch import watch_routes
from strandline.web.api.works.routes import works_routes
from strandline.web.dashboard.page import page_routes
from strandline.web.dashboard.places_page import places_page
from strandline.web.places.jobs import Jobs
from strandline.web.places.place_folder import Places
from strandline.web.run_folder import RunFolder
from strandline.web.schemas import ErrorResponse, Service
from strandline.web.watch_view import Clock, WatchView

PREFIX = "/api/v1"
MIN_COMPRESSED_SIZE = 1000
"""[bytes]"""
LARGEST_REGION_BODY = 1024 * 1024
"""Of a request with a region file [bytes], in which each character may take several."""


def create_app(
    runs: Mapping[str, RunFolder], watch: WatchView | None, sign_in: SignIn, token: Token, hosts: Collection[str],
    clock: Clock, *, only_users: bool = False, places: Places | None = None,
) -> FastAPI:  # fmt: skip
    """Return the application.

    Args:
        watch: ``None`` = no watch; its routes are missing then.
        clock: naive UTC.
        sign_in: of those who confirm; ``token``: of those who try works and save strategies.
        only_users: reading needs an account, or the token, too.
        places: that can be made ready and run from the browser; ``None`` = none.
    """
    served, jobs = dict(runs), Jobs(clock)  # runs that finish here are added

    @asynccontextmanager
    async def live(_: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(jobs.close)

    app = FastAPI(
        title="Strandline", version=version("strandline"), docs_url=None, redoc_url=None, lifespan=live,
        openapi_url=f"{PREFIX}/openapi.json",
        description="Runs and the watch of Strandline. Times are UTC; null = unknown, never zero.",
        responses={422: {"model": ErrorResponse}},
    )  # fmt: skip
    api = APIRouter(prefix=PREFIX)

    @api.get("", tags=["service"])
    def show_service() -> Service:
        """The version, the runs and whether there is a watch."""
        return Service(version=app.version, runs=list(served), has_watch=watch is not None)

    api.include_router(run_routes(served))
    api.include_router(works_routes(served, token, clock))
    if watch is not None:
        api.include_router(watch_routes(watch, sign_in, OpenStreams()))
    if places is not None:
        api.include_router(places_routes(places, served, sign_in, jobs))
        app.include_router(places_page(served))
    app.include_router(api)
    app.include_router(page_routes(served, watch, clock, has_places=places is not None))
    app.add_exception_handler(NotModified, handle_not_modified)
    app.add_exception_handler(StrandlineError, handle_error)
    app.add_exception_handler(RequestValidationError, handle_invalid_request)
    app.add_middleware(GZipMiddleware, minimum_size=MIN_COMPRESSED_SIZE)
    if only_users:
        app.add_middleware(OnlyUsers, sign_in=sign_in, token=token)
    app.add_middleware(SecurityMiddleware, hosts=hosts, large={f"{PREFIX}/places": LARGEST_REGION_BODY})
    return app


def handle_error(_: Request, error: Exception) -> JSONResponse:
    """Return what is wrong and the remedy, without paths of this machine."""
    if isinstance(error, Busy):
        return JSONResponse({"detail": "the store is busy; try again"}, 503, {"Retry-After": "5"})
    if isinstance(error, Damaged):
        return JSONResponse({"detail": f"the watch's store is damaged: {error.what}; {error.remedy}"}, 503)
    detail = f"{error.what}; {error.remedy}" if isinstance(error, InputError) else str(error)
    return JSONResponse({"detail": detail}, 422)


def handle_invalid_request(_: Request, error: Exception) -> Response:
    """Return which fields are wrong and why, without their values: JSON cannot hold NaN, nor UTF-8 half a character."""
    assert isinstance(error, RequestValidationError)
    detail = [{"loc": list(one["loc"]), "msg": one["msg"], "type": one["type"]} for one in error.errors()]
    return Response(json.dumps({"detail": detail}), 422, media_type="application/json")
