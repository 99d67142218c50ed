"""The routes of places; what computes, writes or asks the net needs an analyst's or an administrator's account."""

from collections.abc import MutableMapping
from typing import Annotated, TypeAlias, get_args

from fastapi import APIRouter, HTTPException, Path, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import JsonValue

from strandline.errors import InputError
from strandline.observations.fetch.box import Box
from strandline.pipeline.study_area.new_place.new_region import box_around, new_region
from strandline.watch.store.records import STARTING
from strandline.web.api.places.schemas import (
    JobRecord,
    JobRequest,
    PlaceRecord,
    PlaceRequest,
    PlacesRecord,
    RegionFileRecord,
    Saved,
    ScenarioFormRecord,
    ScenarioRequest,
)
from strandline.web.api.sign_in import SignIn
from strandline.web.places.jobs import Job, Jobs, Kind
from strandline.web.places.place_folder import IS_KEY, PlaceFolder, Places
from strandline.web.places.scenario_file import Faults, save_scenario
from strandline.web.places.scenario_form import scenario_form
from strandline.web.run_folder import RunFolder, open_run_of

KINDS: tuple[Kind, ...] = get_args(Kind)
Key: TypeAlias = Annotated[str, Path(max_length=60, pattern=f"^{IS_KEY.pattern}$")]


def places_routes(places: Places, runs: MutableMapping[str, RunFolder], sign_in: SignIn, jobs: Jobs) -> APIRouter:
    """Return the routes below ``/places``; finished runs are added to ``runs``."""
    router = APIRouter(prefix="/places", tags=["places"])

    def person(request: Request) -> str:
        account, _ = sign_in.require(request.headers.get("authorization"), STARTING)
        return account.person

    def of(key: str) -> PlaceFolder:
        found = places.find(key)
        if found is None:
            raise HTTPException(404, f"no place is called {key!r}; /api/v1/places lists them")
        return found

    def reported(job: Job) -> JobRecord:
        if job.kind == "run" and job.state == "done":
            show_run(of(job.place), job.file)
        return JobRecord.model_validate(job)

    def show_run(place: PlaceFolder, file: str) -> str | None:
        """The id of a region file's finished run, which is served from now on."""
        out = place.out(file)
        known = next((name for name, run in runs.items() if run.path == out), None)
        if known is not None or not (out / "summary.json").is_file():
            return known
        try:
            run = open_run_of(out, runs)
        except InputError:
            return None
        runs[run.id] = run
        return run.id

    def record(place: PlaceFolder) -> PlaceRecord:
        files = []
        for name in place.files:
            found = {kind: reported(job) for kind in KINDS if (job := jobs.find(place, name, kind)) is not None}
            files.append(
                RegionFileRecord(
                    name=name, run=show_run(place, name), is_unfinished=place.is_unfinished(name), jobs=found
                )
            )
        return PlaceRecord(key=place.key, name=place.name, files=files)

    @router.get("")
    def list_places(response: Response) -> PlacesRecord:
        """All places with their region files, and the job that runs."""
        response.headers["Cache-Control"] = "no-store"
        running = jobs.running()
        return PlacesRecord(
            places=[record(each) for each in places.all()], running=None if running is None else reported(running)
        )

    @router.post("", status_code=201)
    def create(request: PlaceRequest, http: Request) -> Saved:
        """A new place: its region file is written, or taken as it is; nothing is fetched."""
        person(http)
        if request.text is not None:
            text = request.text
        else:
            near = request.near
            box = Box(*request.box) if request.box is not None else None
            if near is not None:
                box = box_around(f"{near.latitude}, {near.longitude}", near.size)
            assert box is not None
            text = new_region(box, request.name).text
        place = places.create(request.name, text)
        return Saved(kind="place", place=place.key, file=place.key)

    @router.get("/{place}")
    def show_place(place: Key, response: Response) -> PlaceRecord:
        """One place, its region files and what became of their jobs."""
        response.headers["Cache-Control"] = "no-store"
        return record(of(place))

    @router.get("/{place}/files/{file}", response_class=PlainTextResponse)
    def show_region_file(place: Key, file: Key) -> PlainTextResponse:
        """A region file as it is (TOML)."""
        text = of(place).region_file(file).read_text(encoding="utf-8")
        return PlainTextResponse(text, headers={"Cache-Control": "no-store"})

    @router.get("/{place}/files/{file}/scenario")
    def show_form(place: Key, file: Key, response: Response) -> ScenarioFormRecord:
        """What a scenario may change of a region file: values, units and ranges."""
        response.headers["Cache-Control"] = "no-store"
        fields = scenario_form(of(place).region_file(file))
        return ScenarioFormRecord(place=place, base=file, fields=fields)

    @router.post("/{place}/scenarios", status_code=201, response_model=Saved)
    def save(place: Key, request: ScenarioRequest, http: Request) -> Saved | JSONResponse:
        """Save a scenario as a new region file beside the old one; 422 with all of its faults."""
        person(http)
        try:
            file = save_scenario(of(place), request.base, request.name, request.changes)
        except Faults as error:
            listed = [{"where": one.where, "what": one.what, "remedy": one.remedy} for one in error.faults]
            detail = "; ".join(f"{one.where}: {one.what}; {one.remedy}" for one in error.faults)
            return JSONResponse({"detail": detail, "faults": listed}, 422)
        except InputError as error:
            fault = {"where": error.where, "what": error.what, "remedy": error.remedy}
            return JSONResponse({"detail": str(error), "faults": [fault]}, 422)
        return Saved(kind="scenario", place=place, file=file)

    @router.post("/{place}/jobs", status_code=202)
    def start(place: Key, request: JobRequest, http: Request) -> JobRecord:
        """Start a job in a process of its own; one at a time. Only `look` and `fetch` ask the net."""
        who = person(http)
        options: dict[str, JsonValue] = {
            "sources": list(request.sources), "budget_mb": request.budget_mb, "resume": request.resume,
        }  # fmt: skip
        begun = jobs.start(of(place), request.file, request.kind, who, options)
        if begun is None:
            other = jobs.running()
            of_place = "" if other is None else f" of {other.place} ({other.kind})"
            raise HTTPException(409, f"another job{of_place} runs; wait for it, or cancel it")
        return reported(begun)

    @router.delete("/{place}/jobs")
    def cancel(place: Key, http: Request) -> JobRecord:
        """End the job of a place, and all that it has started; a run can be resumed."""
        person(http)
        ended = jobs.cancel(of(place))
        if ended is None:
            raise HTTPException(404, "no job of this place runs")
        return reported(ended)

    return router
