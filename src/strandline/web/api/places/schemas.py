"""Requests and answers of the API of places."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from strandline.web.places.jobs import JobFault, Kind, State
from strandline.web.places.place_folder import IS_KEY
from strandline.web.places.scenario_form import FormField
from strandline.web.schemas import UtcTime

LARGEST_REGION_FILE = 256 * 1024
"""[characters] Many times that of the examples; a body may be a little larger."""
Degrees: TypeAlias = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Key: TypeAlias = Annotated[str, Field(max_length=60, pattern=f"^{IS_KEY.pattern}$")]
PlaceName: TypeAlias = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Request(BaseModel):
    """A request without unknown fields."""

    model_config = ConfigDict(extra="forbid")


class Near(Request):
    """A square around a point."""

    latitude: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
    longitude: Degrees
    size: Annotated[float, Field(gt=0, le=200, allow_inf_nan=False, description="edge [km]")] = 30.0


class PlaceRequest(Request):
    """A new place: around a point, in a box (west, south, east, north), or by a region file."""

    name: PlaceName
    near: Near | None = None
    box: tuple[Degrees, Degrees, Degrees, Degrees] | None = None
    text: Annotated[str, Field(max_length=LARGEST_REGION_FILE)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "PlaceRequest":
        if sum(each is not None for each in (self.near, self.box, self.text)) != 1:
            raise ValueError("give either near, box or text")
        return self


class JobRequest(Request):
    """A job for a region file of a place.

    ``sources``: names or kinds of those that are asked; empty = all that need nothing. ``resume``: a run goes on from
    the stages that an interrupted one has finished.
    """

    file: Key
    kind: Kind
    sources: Annotated[list[Annotated[str, Field(max_length=80)]], Field(max_length=60)] = []
    budget_mb: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)] | None = None
    resume: bool = False


class ScenarioRequest(Request):
    """A scenario: what it changes of a region file, by the keys of its form; null = no longer stated."""

    base: Key
    name: PlaceName
    changes: dict[str, JsonValue]


class JobRecord(BaseModel):
    """A job that runs, or the last of its kind; null = unknown."""

    model_config = ConfigDict(from_attributes=True)

    place: str
    file: str
    kind: Kind
    person: str
    began: UtcTime
    ended: UtcTime | None
    state: State
    stage: str
    stage_share: float | None = Field(description="of the stage that is done [-]")
    share: float | None = Field(description="of all that is done [-]")
    seconds_left: float | None = Field(description="[s]")
    fault: JobFault | None
    result: JsonValue


class RegionFileRecord(BaseModel):
    """A region file of a place.

    Attributes:
        run: id of its finished run, as in /runs; null = there is none.
        is_unfinished: whether an interrupted run can go on.
    """

    name: str
    run: str | None
    is_unfinished: bool
    jobs: dict[Kind, JobRecord]


class PlaceRecord(BaseModel):
    """A place and its region files, the first one first."""

    key: str
    name: str
    files: list[RegionFileRecord]


class PlacesRecord(BaseModel):
    """All places, and the job that runs, of whichever place it is."""

    places: list[PlaceRecord]
    running: JobRecord | None


class ScenarioFormRecord(BaseModel):
    """The form of a region file."""

    place: str
    base: str
    fields: list[FormField]


class Saved(BaseModel):
    """A region file that was saved."""

    kind: Literal["place", "scenario"]
    place: str
    file: str
