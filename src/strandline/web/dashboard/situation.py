"""What the watch says now, put together for a person who must decide."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from xml.etree import ElementTree

from strandline.planning.early_action.action_value import PROBABILITY_FOR_LIVES
from strandline.watch.decisions import ForecastRow
from strandline.watch.readings import Condition, Health
from strandline.watch.store import LogEntry, StepRecord, StoredAlert, StoredDecision
from strandline.web.watch_view import WatchView

MEMORY = timedelta(days=7)
"""How far back confirmations and drafts are shown."""
PATIENCE = timedelta(days=60)
"""How far back a decision that nobody confirmed is still asked about."""
STRIP = timedelta(hours=48)
"""What the strip of stream health shows."""
OLD = timedelta(hours=3)
"""Age from which on the newest step is called old: a watch steps once an hour."""
LAST_ENTRIES = 12
MONITORING = "continue_monitoring"
_CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"


@dataclass(frozen=True)
class Draft:
    """A draft of a warning, and its words."""

    alert: StoredAlert
    headline: str
    description: str
    instruction: str


@dataclass(frozen=True)
class ActionNow:
    """An action as the newest step ranks it.

    Attributes:
        asked: the newest decision about it that starts or stops it or needs a person; ``None`` = there is none.
        draft: the newest warning about it.
    """

    now: StoredDecision
    asked: StoredDecision | None
    draft: Draft | None


@dataclass(frozen=True)
class StreamNow:
    """A stream now, and what it was at each step of the strip; ``None`` = it was not looked at."""

    health: Health
    strip: tuple[tuple[datetime, Condition | None], ...]

    @property
    def counts(self) -> list[tuple[str, int]]:
        """For how many hours it was what."""
        conditions: list[str] = [condition or "none" for _, condition in self.strip]
        return Counter(conditions).most_common()


@dataclass(frozen=True)
class ZoneNow:
    """A zone's chance to be flooded by lead [h]; no rows = unknown.

    Attributes:
        unknown_share: of its land [-]; ``None`` = the run does not say.
    """

    name: str
    chances: Mapping[float, ForecastRow]
    unknown_share: float | None


@dataclass(frozen=True)
class Situation:
    """Everything of the newest step.

    Attributes:
        sea: the water level now and ahead, by lead.
        lowest_level: the lowest sea level that an emergency action is there for [m, region datum].
    """

    step: StepRecord
    age: timedelta
    sea: tuple[ForecastRow, ...]
    lowest_level: float | None
    streams: tuple[StreamNow, ...]
    actions: tuple[ActionNow, ...]
    zones: tuple[ZoneNow, ...]
    log: tuple[LogEntry, ...]

    @property
    def is_old(self) -> bool:
        """Whether the watch should have stepped again by now."""
        return self.age > OLD

    @property
    def highest(self) -> ForecastRow | None:
        """The hour of the highest median."""
        return max(self.sea, key=lambda row: row.p50, default=None)

    @property
    def likeliest(self) -> ForecastRow | None:
        """The hour that is likeliest to pass the lowest level."""
        told = [row for row in self.sea if row.probability is not None]
        return max(told, key=lambda row: row.probability or 0.0, default=None)

    @property
    def waiting(self) -> int:
        """How many actions wait for a person."""
        return sum(one.asked is not None and not one.asked.confirmations for one in self.actions)

    @property
    def zones_at_risk(self) -> int:
        """How many may well be flooded, by the chance from which people are warned."""
        return sum(_greatest(zone) >= PROBABILITY_FOR_LIVES for zone in self.zones)

    @property
    def zones_unknown(self) -> int:
        """Of how many nothing is known."""
        return sum(not zone.chances for zone in self.zones)

    @property
    def alive(self) -> int:
        """How many streams speak as they should."""
        return len(self.streams) - len(self.not_alive)

    @property
    def not_alive(self) -> list[str]:
        """Streams that do not."""
        return [each.health.stream for each in self.streams if each.health.condition != "alive"]

    @property
    def leads(self) -> tuple[float, ...]:
        """By when zones are told to flood [h]."""
        return tuple(sorted({lead for zone in self.zones for lead in zone.chances}))


def look(watch: WatchView) -> Situation | None:
    """The situation at the newest step; ``None`` = there was none yet."""
    read = watch.store.read
    newest, head = read.newest_step(), read.newest_entry()
    if newest is None or head is None:
        return None
    forecast = read.forecast()
    rows = () if forecast is None or forecast.hour != newest.hour else forecast.rows
    levels = watch.run.action_levels()
    return Situation(
        step=newest,
        age=watch.clock() - newest.hour,
        sea=tuple(row for row in rows if row.variable == "water_level" and not row.zone),
        lowest_level=min(levels.values(), default=None),
        streams=tuple(_streams(watch, newest.hour)),
        actions=tuple(_actions(watch, newest.hour)),
        zones=tuple(_zones(watch, rows)),
        log=tuple(read.log(max(head.sequence - LAST_ENTRIES, 0)))[::-1],
    )


def _streams(watch: WatchView, hour: datetime) -> Iterable[StreamNow]:
    history = list(watch.store.read.health_history(hour - STRIP, hour))
    if not history or history[-1][0] != hour:
        return
    conditions = {(at, each.stream): each.condition for at, streams in history for each in streams}
    hours = [hour - STRIP + timedelta(hours=number) for number in range(int(STRIP / timedelta(hours=1)) + 1)]
    for health in history[-1][1]:
        yield StreamNow(health, tuple((at, conditions.get((at, health.stream))) for at in hours))


def _actions(watch: WatchView, hour: datetime) -> Iterable[ActionNow]:
    read = watch.store.read
    decided = list(read.decisions(hour - MEMORY, hour))
    action_of = {each.id: each.decision.action for each in decided}
    answered = [each for each in decided if each.confirmations]
    waiting = read.pending(hour - PATIENCE).decisions
    asked = {each.decision.action: each
             for each in sorted([*answered, *waiting], key=lambda each: (each.decision.at, each.rank))}  # fmt: skip
    drafted = {action_of.get(each.draft.decision or ""): each for each in read.alerts(hour - MEMORY, hour)}
    for each in decided:
        if each.decision.at == hour:
            draft = drafted.get(each.decision.action)
            yield ActionNow(each, asked.get(each.decision.action), None if draft is None else _draft(draft))


def _draft(alert: StoredAlert) -> Draft:
    root = ElementTree.fromstring(alert.draft.xml)
    words = (root.findtext(f"{_CAP}info/{_CAP}{name}", "") for name in ("headline", "description", "instruction"))
    return Draft(alert, *words)


def _zones(watch: WatchView, rows: Iterable[ForecastRow]) -> Iterable[ZoneNow]:
    chances: dict[str, dict[float, ForecastRow]] = {}
    for row in rows:
        if row.variable == "flooded_share":
            chances.setdefault(row.zone, {})[row.lead_hours] = row
    shares = {feature["properties"]["zone"]: feature["properties"].get("unknown_share")
              for feature in watch.run.features("zones.geojson")}  # fmt: skip
    zones = [ZoneNow(name, chances.get(name, {}), shares.get(name)) for name in dict.fromkeys([*shares, *chances])]
    return sorted(zones, key=lambda zone: (not zone.chances, -_greatest(zone), zone.name))


def _greatest(zone: ZoneNow) -> float:
    return max((row.probability or 0.0 for row in zone.chances.values()), default=0.0)
