"""Requests and answers of the API of drawn works."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from strandline.pipeline.run_folder.strategies import Name, Note, OutcomeRecord, Person, Strategy
from strandline.risk.works.geojson import DrawnWorks
from strandline.web.schemas import BoundingBox, LegendClass


class WorksPlace(BaseModel):
    """Whether works can be tried on a run, and what drawing needs to know."""

    is_available: bool
    why_not: str
    bounds: BoundingBox | None
    cell_size: float | None
    """[m]"""
    vertical_datum: str
    money: str
    background: str | None
    """URL of a picture of the ground and of the rarest flood today; bbox, width and height as its query."""
    legend: list[LegendClass]
    levels: dict[str, float]
    """Return period [years] → median sea level today [m, region datum]."""


class Scene(BaseModel):
    """Pictures of the water at one sea level, before and after; bbox, width and height as their query."""

    future: str
    return_period: float
    level: float
    before: str
    after: str


class WorksAnswer(BaseModel):
    """What works do; null = unknown, never zero."""

    id: str
    outcome: OutcomeRecord
    cost: float
    scenes: list[Scene]


class ConfirmationState(BaseModel):
    """How far the solver is; the answer is there when it is done."""

    id: str
    state: Literal["running", "done", "failed", "cancelled"]
    progress: float
    why: str
    answer: WorksAnswer | None


class StrategyRequest(BaseModel):
    """A strategy to save; the numbers are the server's own."""

    model_config = ConfigDict(extra="forbid")
    name: Name
    author: Person
    note: Note = ""
    works: DrawnWorks


class ChoiceRequest(BaseModel):
    """Who chooses a strategy."""

    model_config = ConfigDict(extra="forbid")
    person: Person


class SavedStrategy(BaseModel):
    """A strategy of a run's folder."""

    key: str
    strategy: Strategy
    is_of_this_run: bool
    """Whether it was tried on the ground of the run as it is."""
    is_chosen: bool


class Strategies(BaseModel):
    """All strategies of a run's folder, the newest first, and the names of files there that are none."""

    items: list[SavedStrategy]
    damaged: list[str]
