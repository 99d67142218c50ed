"""What the watch says now, put together for a person who must decide."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from xml.etree import ElementTree

from strandline.planning.early_action.derive_triggers import PROBABILITY_FOR_LIVES
from strandline.watch.decisions import ForecastRow
from strandline.watch.readings import Condition, Health
from strandline.watch.store import LogEntry, StepRecord, StoredAlert, StoredDecision
from strandline.web.watch_view import WatchView

HISTORY_SPAN = timedelta(days=7)
"""How far back confirmations and drafts are shown."""
PENDING_SPAN = timedelta(days=60)
"""How far back a decision that nobody confirmed is still asked about."""
HEALTH_SPAN = timedelta(hours=48)
"""What the strip of stream health shows."""
STALE_AFTER = timedelta(hours=3)
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
class ActionStatus:
    """An action as the newest step ranks it.

    Attributes:
        asked: the newest decision about it that starts or stops it or needs a person; ``None`` = there is none.
        draft: the newest warning about it.
    """

    now: StoredDecision
    asked: StoredDecision | None
    draft: Draft | None


@dataclass(frozen=True)
class StreamStatus:
    """A stream now, and what it was at each step of the strip; ``None`` = it was not looked at."""

    health: Health
    strip: tuple[tuple[datetime, Condition | None], ...]

    @property
    def counts(self) -> list[tuple[str, int]]:
        """For how many hours it was what."""
        conditions: list[str] = [condition or "none" for _, condition in self.strip]
        return Counter(conditions).most_common()


@dataclass(frozen=True)
class ZoneStatus:
    """A zone's chance to be flooded by lead [h]; no rows = unknown.

    Attributes:
        unknown_share: of its land [-]; ``None`` = the run does not say.
    """

    name: str
    probabilities: Mapping[float, ForecastRow]
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
    streams: tuple[StreamStatus, ...]
    actions: tuple[ActionStatus, ...]
    zones: tuple[ZoneStatus, ...]
    log: tuple[LogEntry, ...]

    @property
    def is_stale(self) -> bool:
        """Whether the watch should have stepped again by now."""
        return self.age > STALE_AFTER

    @property
    def highest(self) -> ForecastRow | None:
        """The hour of the highest median."""
        return max(self.sea, key=lambda row: row.p50, default=None)

    @property
    def most_likely(self) -> ForecastRow | None:
        """The hour that is likeliest to pass the lowest level."""
        told = [row for row in self.sea if row.probability is not None]
        return max(told, key=lambda row: row.probability or 0.0, default=None)

    @property
    def n_unconfirmed(self) -> int:
        """How many actions wait for a person."""
        return sum(one.asked is not None and not one.asked.confirmations for one in self.actions)

    @property
    def n_zones_at_risk(self) -> int:
        """How many may well be flooded, by the chance from which people are warned."""
        return sum(_greatest(zone) >= PROBABILITY_FOR_LIVES for zone in self.zones)

    @property
    def n_zones_unknown(self) -> int:
        """Of how many nothing is known."""
        return sum(not zone.probabilities for zone in self.zones)

    @property
    def n_alive(self) -> int:
        """How many streams speak as they should."""
        return len(self.streams) - len(self.not_alive)

    @property
    def not_alive(self) -> list[str]:
        """Streams that do not."""
        return [each.health.stream for each in self.streams if each.health.condition != "alive"]

    @property
    def leads(self) -> tuple[float, ...]:
        """By when zones are told to flood [h]."""
        return tuple(sorted({lead for zone in self.zones for lead in zone.probabilities}))


def current_situation(watch: WatchView) -> Situation | None:
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


def _streams(watch: WatchView, hour: datetime) -> Iterable[StreamStatus]:
    history = list(watch.store.read.health_history(hour - HEALTH_SPAN, hour))
    if not history or history[-1][0] != hour:
        return
    conditions = {(at, each.stream): each.condition for at, streams in history for each in streams}
    hours = [hour - HEALTH_SPAN + timedelta(hours=number) for number in range(int(HEALTH_SPAN / timedelta(hours=1)) + 1)]
    for health in history[-1][1]:
        yield StreamStatus(health, tuple((at, conditions.get((at, health.stream))) for at in hours))


def _actions(watch: WatchView, hour: datetime) -> Iterable[ActionStatus]:
    read = watch.store.read
    decided = list(read.decisions(hour - HISTORY_SPAN, hour))
    action_of = {each.id: each.decision.action for each in decided}
    answered = [each for each in decided if each.confirmations]
    n_unconfirmed = read.pending(hour - PENDING_SPAN).decisions
    asked = {each.decision.action: each
             for each in sorted([*answered, *n_unconfirmed], key=lambda each: (each.decision.at, each.rank))}  # fmt: skip
    drafted = {action_of.get(each.draft.decision or ""): each for each in read.alerts(hour - HISTORY_SPAN, hour)}
    for each in decided:
        if each.decision.at == hour:
            draft = drafted.get(each.decision.action)
            yield ActionStatus(each, asked.get(each.decision.action), None if draft is None else _draft(draft))


def _draft(alert: StoredAlert) -> Draft:
    root = ElementTree.fromstring(alert.draft.xml)
    words = (root.findtext(f"{_CAP}info/{_CAP}{name}", "") for name in ("headline", "description", "instruction"))
    return Draft(alert, *words)


def _zones(watch: WatchView, rows: Iterable[ForecastRow]) -> Iterable[ZoneStatus]:
    probabilities: dict[str, dict[float, ForecastRow]] = {}
    for row in rows:
        if row.variable == "flooded_share":
            probabilities.setdefault(row.zone, {})[row.lead_hours] = row
    shares = {feature["properties"]["zone"]: feature["properties"].get("unknown_share")
              for feature in watch.run.features("zones.geojson")}  # fmt: skip
    zones = [ZoneStatus(name, probabilities.get(name, {}), shares.get(name)) for name in dict.fromkeys([*shares, *probabilities])]
    return sorted(zones, key=lambda zone: (not zone.probabilities, -_greatest(zone), zone.name))


def _greatest(zone: ZoneStatus) -> float:
    return max((row.probability or 0.0 for row in zone.probabilities.values()), default=0.0)
