"""The routes of drawn works; what computes or writes needs the token."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Depends, HTTPException, Path, Request, Response

from strandline.errors import InputError
from strandline.pipeline.run_folder.choice import choose_strategy, run_key
from strandline.pipeline.run_folder.strategies import FOLDER, Strategy, load_strategies, save_strategy
from strandline.report.products import GROUND_FILE
from strandline.risk.works.geojson import DrawnWorks
from strandline.web.api.etags import cache_headers
from strandline.web.api.runs import BandNumber, Box, Name, Pixels, parse_bbox, png
from strandline.web.api.token import Token, need_token
from strandline.web.api.works.answers import Answer, Answers, key_of
from strandline.web.api.works.confirmation import Confirmation, Confirmations
from strandline.web.api.works.place import open_place
from strandline.web.api.works.schemas import (
    ChoiceRequest,
    ConfirmationState,
    SavedStrategy,
    Scene,
    Strategies,
    StrategyRequest,
    WorksAnswer,
    WorksPlace,
)
from strandline.web.pictures import Pictures
from strandline.web.raster_tiles import SCALES, Layer, draw_part, geographic_bounds
from strandline.web.run_folder import RunFolder
from strandline.web.watch_view import Clock

DEPTH = "flood_depth"
Key: TypeAlias = Annotated[str, Path(max_length=60, pattern=r"^[a-z0-9-]+$")]


def works_routes(runs: Mapping[str, RunFolder], token: Token, clock: Clock) -> APIRouter:
    """Return the routes below ``/runs/{run}/works`` and ``/runs/{run}/strategies``."""
    router, answers, pictures = APIRouter(prefix="/runs/{run}", tags=["works"]), Answers(), Pictures()
    confirmations, guarded = Confirmations(answers), [Depends(need_token(token))]

    def of(name: str) -> RunFolder:
        if name not in runs:
            raise HTTPException(404, f"no run is called {name!r}; /api/v1/runs lists them")
        return runs[name]

    def show(answer: Answer) -> WorksAnswer:
        at = f"/api/v1/runs/{answer.run}/works/answers/{answer.key}"
        scenes = [
            Scene(future=name, return_period=period, level=level, before=f"{at}/{2 * number + 1}.png",
                  after=f"{at}/{2 * number + 2}.png")
            for number, (name, period, level) in enumerate(open_place(of(answer.run).path).scenes)
        ]  # fmt: skip
        return WorksAnswer(id=answer.key, outcome=answer.outcome, cost=answer.works.cost, scenes=scenes)

    def tell(one: Confirmation) -> ConfirmationState:
        answer = answers.find(one.key) if one.state == "done" else None
        return ConfirmationState(
            id=one.key, state=one.state, progress=one.progress, why=one.why,
            answer=None if answer is None else show(answer),
        )  # fmt: skip

    def running(key: str) -> Confirmation:
        found = confirmations.find(key)
        if found is None:
            raise HTTPException(404, "no such confirmation; it is gone, or the server was started again")
        return found

    @router.get("/works")
    def show_place(run: Name, response: Response) -> WorksPlace:
        """Whether works can be tried on this run, and what drawing needs to know."""
        response.headers["Cache-Control"] = "no-store"
        record, nothing = of(run).record(), SCALES[DEPTH].legend()
        named: dict[str, Any] = {
            "vertical_datum": record.vertical_datum, "money": record.money, "legend": nothing,
        }  # fmt: skip
        try:
            place = open_place(of(run).path)
        except InputError as error:
            return WorksPlace(is_available=False, why_not=f"{error.what}; {error.remedy}", bounds=None, cell_size=None,
                              background=None, levels={}, **named)  # fmt: skip
        band = max(number for number, each in enumerate(place.scenes) if each[0] == place.scenes[0][0])
        levels = {f"{period:g}": level for name, period, level in place.scenes[: band + 1]}
        depth = of(run).file(f"{DEPTH}.tif")
        return WorksPlace(
            is_available=True, why_not="", bounds=geographic_bounds(depth), cell_size=place.ground.region.cell_size,
            background=f"/api/v1/runs/{run}/layers/{DEPTH}/1.png", levels=levels, **named,
        )  # fmt: skip

    @router.post("/works/answers", dependencies=guarded)
    def answer_at_once(run: Name, works: DrawnWorks, response: Response) -> WorksAnswer:
        """What works do, as still water: at once, without time, and without what they turn onto others."""
        response.headers["Cache-Control"] = "no-store"
        return show(answers.at_once(of(run), works))

    @router.get("/works/answers/{key}/{band}.png", response_class=Response)
    async def draw_answer(
        request: Request, run: Name, key: Key, band: BandNumber, bbox: Box = None, width: Pixels = 512,
        height: Pixels = 512,
    ) -> Response:  # fmt: skip
        """The water of an answer on the ground; unknown cells are hatched."""
        answer = answers.find(key)
        if answer is None or answer.run != run:
            raise HTTPException(404, "no such answer; it is gone: run the works again")
        if band > 2 * len(open_place(of(run).path).scenes):
            raise HTTPException(404, "the answer has no such picture")
        ground = of(run).file(GROUND_FILE)
        layer = Layer(answer.raster, band, SCALES[DEPTH], ground if ground.is_file() else None)
        bounds = parse_bbox(bbox) or geographic_bounds(answer.raster)
        headers = cache_headers(request, (key, band, bounds, width, height))
        draw = partial(draw_part, layer, "map", bounds, width, height)
        return png(await pictures.get(headers["ETag"], draw, request), headers)

    @router.post("/works/confirmations", status_code=202, dependencies=guarded)
    def start_confirmation(run: Name, works: DrawnWorks) -> ConfirmationState:
        """Let the solver confirm works in the background."""
        open_place(of(run).path)
        begun = confirmations.start(of(run), works)
        if begun is None:
            raise HTTPException(409, "the solver confirms other works; wait for it, or cancel it")
        return tell(begun)

    @router.get("/works/confirmations/{key}")
    def show_confirmation(run: Name, key: Key, response: Response) -> ConfirmationState:
        """How far the solver is; its answer when it is done."""
        response.headers["Cache-Control"] = "no-store"
        of(run)
        return tell(running(key))

    @router.delete("/works/confirmations/{key}", dependencies=guarded)
    def cancel_confirmation(run: Name, key: Key) -> ConfirmationState:
        """End a confirmation that runs."""
        of(run)
        running(key)
        ended = confirmations.cancel(key)
        return tell(ended or running(key))

    @router.get("/strategies")
    def list_strategies(run: Name, response: Response) -> Strategies:
        """The saved strategies, the newest first."""
        response.headers["Cache-Control"] = "no-store"
        found, damaged = load_strategies(of(run).path)
        began, chosen = run_key(of(run).path), of(run).chosen_strategy() or {}
        items = [
            SavedStrategy(
                key=key,
                strategy=each,
                is_of_this_run=each.run == began,
                is_chosen=chosen.get("file") == f"{FOLDER}/{key}.json",
            )
            for key, each in found.items()
        ]
        return Strategies(items=items, damaged=list(damaged))

    @router.post("/strategies", status_code=201, dependencies=guarded)
    def save(run: Name, request: StrategyRequest) -> SavedStrategy:
        """Save works as a strategy under a name, with what they do; the solver's answer where it is there."""
        still = answers.at_once(of(run), request.works)
        solved = answers.find(key_of(of(run), request.works, "solver"))
        strategy = Strategy(
            name=request.name, author=request.author, note=request.note, saved=clock(), run=run_key(of(run).path),
            money=of(run).record().money, cost=request.works.cost, works=request.works, still_water=still.outcome,
            solver=None if solved is None else solved.outcome,
        )  # fmt: skip
        key = save_strategy(of(run).path, strategy)
        return SavedStrategy(key=key, strategy=strategy, is_of_this_run=True, is_chosen=False)

    @router.post("/strategies/{key}/choice", dependencies=guarded)
    def choose(run: Name, key: Key, request: ChoiceRequest) -> dict[str, str]:
        """Write a strategy into plan.json as chosen, with the name of who chooses and the time."""
        choice = choose_strategy(of(run).path, key, request.person, clock())
        return {"name": choice.name, "chosen_by": choice.chosen_by, "chosen_at": choice.chosen_at}

    return router
