"""Fields of the API's answers; times are UTC, ``null`` = unknown, never zero."""

from datetime import datetime
from typing import Annotated, Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, PlainSerializer, WithJsonSchema

from strandline.watch.decisions import Change
from strandline.watch.readings import Condition, Quality
from strandline.watch.store.records import Mode, Outcome

T = TypeVar("T")
UtcTime: TypeAlias = Annotated[
    datetime,
    PlainSerializer(lambda time: f"{time.isoformat()}Z", return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
BoundingBox: TypeAlias = tuple[float, float, float, float]


class Record(BaseModel):
    """A record that can be built from an object with the same attributes."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Page(BaseModel, Generic[T]):
    """Some of the items; pass ``next`` as ``cursor`` to get the next ones."""

    items: list[T]
    next: str | None = Field(description="cursor of the next page; null = this is the last one")


class Percentiles(Record):
    """Percentiles of a quantity."""

    p10: float
    p50: float
    p90: float


class Expected(Percentiles):
    """A quantity on average over ``draws``, with the standard error of that mean and percentiles of the draws."""

    mean: float
    standard_error: float | None
    draws: int = Field(description="0 = a stated number")


class ReturnLevel(Percentiles):
    """Sea level [m, region datum] of a return period."""

    return_period: float = Field(description="[a]")


class RunRecord(BaseModel):
    """The headlines of one run."""

    id: str
    region: str
    crs: str
    vertical_datum: str
    provenance: Literal["real", "simulated"]
    provenance_of: dict[str, list[str]]
    started: UtcTime
    version: str
    commit: str
    money: str = Field(description="currency and price year of every amount, as EUR 2010")
    damage_per_year: Expected | None = Field(description="expected annual damage [money]")
    n_assets: int
    unknown_assets: int
    unknown_share: float = Field(description="share of cells without data [-]")
    student_iou: float | None = Field(description="overlap (IoU) of the flood maps with held-out storms [-]")
    miss_rate: float | None = Field(description="share of flooded cells of held-out storms classified as dry [-]")
    surge_rmse: float | None = Field(description="[m]")
    surge_coverage_90: float | None = Field(description="share of hours within the 90 % bounds [-]")
    return_levels: list[ReturnLevel]
    out_of_distribution_warning: str | None = Field(description="how the site differs from the training sites")
    warnings: list[str]
    n_actions: int
    n_triggers: int


class ActionRecord(BaseModel):
    """One action of a run's plan, with its amounts [money]."""

    kind: str
    title: str
    where: list[str]
    when: str
    lead_time_hours: float
    avoided_loss: Expected | None
    avoided_loss_per: Literal["year", "event"]
    cost: Expected | None
    net_present_value: Expected | None
    benefit_cost_ratio: Expected | None
    within_budget: bool
    priority: int
    confidence: str
    why: str
    what: str
    who: str
    protects: str


class FeatureRecord(BaseModel):
    """A GeoJSON feature [degrees, WGS 84]."""

    type: Literal["Feature"]
    properties: dict[str, JsonValue]
    geometry: JsonValue


class SurgeRow(BaseModel):
    """One hour of one forecast [m, region datum]; ``observed`` null = gap."""

    issue_time: UtcTime
    time: UtcTime
    lead_h: float
    p10: float
    p50: float
    p90: float
    observed: float | None
    tide: float | None


class ProductRecord(Record):
    """A file of a run."""

    name: str
    bytes: int
    media_type: str
    changed: UtcTime


class LegendClass(Record):
    """Values from ``above`` to ``below`` (null = no upper end), in the layer's unit."""

    above: float
    below: float | None
    colour: str
    has_no_end: bool = Field(default=False, description="the class of water that still stood when a simulation ended")


class LayerRecord(Record):
    """A band that can be drawn: its classes alone, or with ``paint=map`` on the ground; unknown cells are hatched."""

    quantity: str
    band: int
    scenario: str
    return_period: float | None = Field(
        description="[a] of the sea level that the layer is given; null = the layer is of any one year"
    )
    percentile: int | None = Field(description="of depths; null = the quantity has no percentiles")
    bound: Literal["at least", "at most", "p5", "mean", "p95"] | None = Field(
        description="of an annual probability; null = the quantity has no bounds"
    )
    unit: str
    bounds: BoundingBox = Field(description="west, south, east, north [degrees]")
    legend: list[LegendClass]
    image: str = Field(description="PNG; bbox=west,south,east,north and width, height [px]")
    tiles: str = Field(description="PNG, web Mercator; v = the edition, which a browser keeps")


class SceneRecord(Record):
    """A satellite scene that can lie below the map."""

    sensor: Literal["optical", "radar"]
    time: UtcTime = Field(description="when it was taken")
    source: str
    licence: str


ZoneQuantity: TypeAlias = Literal["people_in_danger", "arrival", "standing"]


class ZoneValue(Record):
    """What is known of a zone, in the layer's unit."""

    value: float | None = Field(description="null = none: in no simulated storm; or unknown where is_known is false")
    low: float | None = Field(default=None, description="where the value is the upper of two bounds")
    is_known: bool
    has_no_end: bool = Field(default=False, description="of water that still stood when the simulation ended")


class ZoneLayerRecord(Record):
    """A quantity of each zone at one sea level; zones that are not named are unknown.

    People in danger: at most, and ``low`` at least. Arrival: hours from the first water to the highest sea, negative =
    after it. Standing: the longest time under water, of which the last class has no end.
    """

    quantity: ZoneQuantity
    return_period: float = Field(description="[a] of the sea level")
    unit: str
    legend: list[LegendClass]
    values: dict[str, ZoneValue]


class FloodChange(BaseModel):
    """Difference of the flood probability in one scenario and return period: second run minus first."""

    scenario: str
    return_period: float
    band: tuple[int, int]
    known_in_both: float = Field(description="share of cells [-]")
    known_in_one: float = Field(description="share of cells [-]; their change is unknown")
    mean: float | None = Field(description="over cells known in both [-]; null = there are none")
    likelier: float | None = Field(description="share of cells known in both that gain 0.05 or more [-]")
    less_likely: float | None = Field(description="share of cells known in both that lose 0.05 or more [-]")
    image: str


class ActionChange(BaseModel):
    """Rank and cost of an action in the first and in the second plan; null = not in the plan."""

    kind: str
    title: str
    priority: tuple[int | None, int | None]
    cost: tuple[Expected | None, Expected | None]


class Comparison(BaseModel):
    """Two runs of the same site."""

    first: RunRecord
    second: RunRecord
    flood: list[FloodChange]
    damage_overlaps: bool | None = Field(description="the 80 % intervals overlap; null = unknown, or of other money")
    actions: list[ActionChange]
    legend: list[LegendClass]


class HealthRecord(Record):
    """The health of a stream."""

    stream: str
    last_seen: UtcTime | None
    age_hours: float | None
    condition: Condition
    share_good: float | None
    fallback: str
    note: str


class HealthAt(BaseModel):
    """The health of all streams at the step of an hour."""

    hour: UtcTime
    streams: list[HealthRecord]


class ForecastRecord(Record):
    """The forecast of one variable in one zone for one time."""

    variable: str
    zone: str
    time: UtcTime
    lead_hours: float
    p05: float
    p50: float
    p95: float
    probability: float | None


class ForecastAt(Record):
    """The forecast issued at an hour."""

    hour: UtcTime
    rows: list[ForecastRecord]


class ReadingRecord(Record):
    """One reading of a stream."""

    stream: str
    variable: str
    time: UtcTime
    issued: UtcTime
    value: float
    place: str
    member: int
    quality: Quality


class ConfirmationRecord(Record):
    """A confirmation by a named person."""

    subject: str
    person: str
    at: UtcTime
    note: str


class ReleaseRecord(Record):
    """Enough persons have confirmed an alert."""

    at: UtcTime
    needed: int = Field(description="persons that had to confirm it")
    persons: list[str]


class DecisionRecord(BaseModel):
    """A decision and its rank among those of its hour (0 = first)."""

    id: str
    rank: int
    at: UtcTime
    action: str
    change: Change
    where: list[str]
    probability: float | None
    expected_avoided_loss: float | None = Field(description="[money]")
    cost: float | None = Field(description="[money]")
    onset: UtcTime | None
    is_degraded: bool
    needs_person: bool
    why: str
    moved_by: list[str]
    would_change: str
    confirmations: list[ConfirmationRecord]


class AlertRecord(BaseModel):
    """A draft of a warning; a person issues it, never this program."""

    identifier: str
    status: Literal["Exercise", "Draft"]
    hour: UtcTime
    decision: str | None
    confirmations: list[ConfirmationRecord]
    xml: str = Field(description="CAP 1.2")
    release: ReleaseRecord | None = Field(description="null = it waits for a person")


class PendingRecord(BaseModel):
    """Decisions and alerts that wait for a confirmation."""

    decisions: list[DecisionRecord]
    alerts: list[AlertRecord]


class LogRecord(Record):
    """An entry of the log."""

    sequence: int
    time: UtcTime
    kind: str
    text: str
    data: dict[str, JsonValue]
    previous: str
    hash: str


class WatchRecord(BaseModel):
    """The state of the watch."""

    run: str = Field(description="that the watch belongs to")
    hour: UtcTime | None = Field(description="of the newest step; null = there is none")
    ended: UtcTime | None
    code_version: str | None
    age_hours: float | None = Field(description="of the newest step [h]")


class ConfirmationRequest(BaseModel):
    """The confirmation of a decision or an alert; the account of the request says by whom."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    subject: str = Field(min_length=1, max_length=300, description="id of the decision, or identifier of the alert")
    note: str = Field(default="", max_length=2000)


class Confirmed(BaseModel):
    """The result of a confirmation."""

    confirmation: ConfirmationRecord
    is_delivered: bool = Field(description="false = the watch is in a step and delivers when it ends")
    waits_for: int = Field(description="further persons that an alert needs before it is released")


class MessageRecord(Record):
    """A message of a released warning to one recipient."""

    key: str = Field(description="by which the far side recognises a repeat")
    alert: str
    recipient: str
    format: str
    language: str
    zone: str = Field(description="empty = all zones of the alert")
    mode: Mode
    outcome: Outcome | None = Field(description="null = waiting")
    at: UtcTime
    tries: int
    detail: str


class AcknowledgementRecord(Record):
    """Somebody has a released warning."""

    alert: str
    recipient: str
    person: str = Field(description="who says so")
    at: UtcTime
    note: str


class AcknowledgementRequest(BaseModel):
    """Who has which released warning; the account of the request says who heard it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    alert: str = Field(min_length=1, max_length=300)
    recipient: str = Field(min_length=1, max_length=120)
    note: str = Field(default="", max_length=2000)


class ErrorResponse(BaseModel):
    """Why a request was refused, and the remedy."""

    detail: str


class Service(BaseModel):
    """The version, the runs and whether there is a watch."""

    version: str
    runs: list[str]
    has_watch: bool
