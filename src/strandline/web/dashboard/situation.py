"""The current situation of a watch, prepared for the person who decides."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from strandline.errors import InputError
from strandline.planning.early_action.trigger_constants import PROBABILITY_FOR_LIVES
from strandline.report.alerts.cap import CapMessage, read_cap
from strandline.report.alerts.wording import WarningText
from strandline.watch.alerts.released import text_in
from strandline.watch.decisions import ForecastRow
from strandline.watch.readings import Condition, Health
from strandline.watch.store import LogEntry, StepRecord, StoredAlert, StoredDecision
from strandline.watch.store.records import Sending
from strandline.web.watch_view import WatchView

HISTORY_SPAN = timedelta(days=7)
"""Period for which confirmations and drafts are shown."""
PENDING_SPAN = timedelta(days=60)
"""Period for which decisions without a confirmation are shown."""
HEALTH_SPAN = timedelta(hours=48)
"""Period of the strip of stream health."""
STALE_AFTER = timedelta(hours=3)
"""Age from which the newest step is stale; a watch steps once an hour."""
UNSENT_AFTER = timedelta(minutes=2)
"""Time after a release from which a warning without any message is an alarm."""
LAST_ENTRIES = 12
MessageState = Literal["refused", "failed", "waiting", "dry_run", "accepted"]
MESSAGE_STATES: tuple[MessageState, ...] = get_args(MessageState)
"""The worst first: given up, failed and tried again, not yet sent, written in a dry run, accepted by the far side."""
NO_TEXT = WarningText("", "", "", "", "")
"""Of a message that nobody can read."""


@dataclass(frozen=True)
class Draft:
    """A draft of a warning with its texts."""

    alert: StoredAlert
    texts: tuple[WarningText, ...]

    def text_in(self, language: str) -> WarningText:
        """The text in a language (ISO 639-1), else the first."""
        return text_in(self.texts, language)


@dataclass(frozen=True)
class ActionStatus:
    """An action as the newest step ranks it.

    Attributes:
        current: its decision at the newest step.
        to_confirm: the newest decision that starts or stops it or needs a person, confirmed or not; ``None`` = none.
        draft: the newest warning about it.
    """

    current: StoredDecision
    to_confirm: StoredDecision | None
    draft: Draft | None


@dataclass(frozen=True)
class ReleasedStatus:
    """A released warning, and how far its messages are.

    Attributes:
        states: of its messages, the worst first → recipients.
        acknowledged: who has it, as somebody noted.
        age: since the release.
        is_over: it has expired, or a newer released one replaces it: it calls nobody any more.
    """

    draft: Draft
    states: Mapping[MessageState, tuple[str, ...]]
    acknowledged: tuple[str, ...]
    age: timedelta
    is_over: bool

    @property
    def has_reached_nobody(self) -> bool:
        """Whether no message left, long after the release: silence that looks like a warning."""
        return not self.is_over and self.age > UNSENT_AFTER and "accepted" not in self.states

    @property
    def not_reached(self) -> tuple[str, ...]:
        """Recipients whose message failed or was given up, each once."""
        if self.is_over:
            return ()
        return tuple(dict.fromkeys([*self.states.get("refused", ()), *self.states.get("failed", ())]))


@dataclass(frozen=True)
class StreamStatus:
    """A stream now, and its condition at each hour of ``HEALTH_SPAN``; ``None`` = not checked."""

    health: Health
    strip: tuple[tuple[datetime, Condition | None], ...]

    @property
    def counts(self) -> list[tuple[str, int]]:
        """The number of hours in each condition."""
        conditions: list[str] = [condition or "none" for _, condition in self.strip]
        return Counter(conditions).most_common()


@dataclass(frozen=True)
class ZoneStatus:
    """The flood probability of a zone by lead [h]; no rows = unknown.

    Attributes:
        unknown_share: of its land [-]; ``None`` = not in the run.
    """

    name: str
    probabilities: Mapping[float, ForecastRow]
    unknown_share: float | None


@dataclass(frozen=True)
class Situation:
    """The state of the watch at its newest step.

    Attributes:
        water_level: the water level now and ahead, by lead.
        highest: the highest water level from now to the end of the forecast.
        levels: emergency action → its sea level [m, region datum].
        released: warnings of the last ``HISTORY_SPAN``, the newest first.
        agreed_chance: above which people are called [-].
    """

    step: StepRecord
    age: timedelta
    water_level: tuple[ForecastRow, ...]
    highest: ForecastRow | None
    levels: Mapping[str, float]
    streams: tuple[StreamStatus, ...]
    actions: tuple[ActionStatus, ...]
    released: tuple[ReleasedStatus, ...]
    zones: tuple[ZoneStatus, ...]
    log: tuple[LogEntry, ...]
    agreed_chance: float = PROBABILITY_FOR_LIVES

    @property
    def is_stale(self) -> bool:
        """Whether the next step is overdue."""
        return self.age > STALE_AFTER

    @property
    def peak(self) -> ForecastRow | None:
        """The hour of the highest median."""
        return max(self.water_level, key=lambda row: row.p50, default=None)

    @property
    def lowest_level(self) -> float | None:
        """The lowest sea level of an emergency action [m, region datum]."""
        return min(self.levels.values(), default=None)

    @property
    def chance_to_pass(self) -> float | None:
        """The chance that the sea passes the lowest level of the plan within two days; ``None`` = not forecast."""
        return None if self.highest is None else self.highest.probability

    @property
    def n_unconfirmed(self) -> int:
        """The number of actions that wait for a confirmation."""
        return sum(one.to_confirm is not None and not one.to_confirm.confirmations for one in self.actions)

    @property
    def n_zones_at_risk(self) -> int:
        """The number of zones whose flood probability reaches the threshold for warnings."""
        return sum(_greatest(zone) >= self.agreed_chance for zone in self.zones)

    @property
    def n_zones_unknown(self) -> int:
        """The number of zones without a forecast."""
        return sum(not zone.probabilities for zone in self.zones)

    @property
    def n_streams_alive(self) -> int:
        """The number of streams that work."""
        return len(self.streams) - len(self.failed_streams)

    @property
    def failed_streams(self) -> list[str]:
        """The names of the streams that do not work."""
        return [each.health.stream for each in self.streams if each.health.condition != "alive"]

    @property
    def leads(self) -> tuple[float, ...]:
        """The leads of the zone forecasts [h]."""
        return tuple(sorted({lead for zone in self.zones for lead in zone.probabilities}))


def current_situation(watch: WatchView) -> Situation | None:
    """Return the situation at the newest step; ``None`` before the first step."""
    read = watch.store.read
    newest, head = read.newest_step(), read.newest_entry()
    if newest is None or head is None:
        return None
    forecast = read.forecast()
    rows = () if forecast is None or forecast.hour != newest.hour else forecast.rows
    return Situation(
        step=newest,
        age=watch.clock() - newest.hour,
        water_level=tuple(row for row in rows if row.variable == "water_level" and not row.zone),
        highest=max(
            (row for row in rows if row.variable == "highest_water_level" and not row.zone),
            key=lambda row: row.lead_hours,
            default=None,
        ),
        levels=watch.run.action_levels(),
        agreed_chance=watch.run.agreed_chance(),
        streams=tuple(_streams(watch, newest.hour)),
        actions=tuple(_actions(watch, newest.hour)),
        released=tuple(_released(watch, newest.hour))[::-1],
        zones=tuple(_zones(watch, rows)),
        log=tuple(read.log(max(head.sequence - LAST_ENTRIES, 0)))[::-1],
    )


def _streams(watch: WatchView, hour: datetime) -> Iterable[StreamStatus]:
    history = list(watch.store.read.health_history(hour - HEALTH_SPAN, hour))
    if not history or history[-1][0] != hour:
        return
    conditions = {(at, each.stream): each.condition for at, streams in history for each in streams}
    n_hours = int(HEALTH_SPAN / timedelta(hours=1))
    hours = [hour - HEALTH_SPAN + timedelta(hours=number) for number in range(n_hours + 1)]
    for health in history[-1][1]:
        yield StreamStatus(health, tuple((at, conditions.get((at, health.stream))) for at in hours))


def _actions(watch: WatchView, hour: datetime) -> Iterable[ActionStatus]:
    read = watch.store.read
    decided = list(read.decisions(hour - HISTORY_SPAN, hour))
    action_of = {each.id: each.decision.action for each in decided}
    confirmed = [each for each in decided if each.confirmations]
    pending = read.pending(hour - PENDING_SPAN).decisions
    in_order = sorted([*confirmed, *pending], key=lambda each: (each.decision.at, each.rank))
    to_confirm = {each.decision.action: each for each in in_order}
    drafted = {action_of.get(each.draft.decision or ""): each for each in read.alerts(hour - HISTORY_SPAN, hour)}
    for each in decided:
        if each.decision.at == hour:
            draft = drafted.get(each.decision.action)
            yield ActionStatus(each, to_confirm.get(each.decision.action), None if draft is None else _draft(draft))


def _released(watch: WatchView, hour: datetime) -> Iterable[ReleasedStatus]:
    read, now = watch.store.read, watch.clock()
    released = [(each, each.release) for each in read.alerts(hour - HISTORY_SPAN, hour) if each.release is not None]
    messages = [_readable(alert) for alert, _ in released]
    replaced = {old.identifier for message in messages if message is not None for old in message.content.replaces}
    for (alert, release), message in zip(released, messages, strict=True):
        recipients: dict[MessageState, list[str]] = {state: [] for state in MESSAGE_STATES}
        for sending in read.sendings(alert.identifier):
            recipients[_state_of(sending)].append(sending.message.recipient)
        states = {state: tuple(names) for state, names in recipients.items() if names}
        acknowledged = tuple(dict.fromkeys(one.recipient for one in read.acknowledgements(alert.identifier)))
        is_over = alert.identifier in replaced or (message is not None and message.content.expires < now)
        yield ReleasedStatus(_draft(alert), states, acknowledged, now - release.at, is_over)


def _readable(alert: StoredAlert) -> CapMessage | None:
    """The message; ``None`` = nobody can read it, so that nothing of it is sent and it never counts as over."""
    try:
        return read_cap(alert.draft.xml)
    except InputError:
        return None


def _state_of(sending: Sending) -> MessageState:
    if sending.mode == "dry_run":
        return "dry_run"
    if sending.outcome is None or sending.outcome == "begun":
        return "waiting"
    return sending.outcome


def _draft(alert: StoredAlert) -> Draft:
    message = _readable(alert)
    return Draft(alert, (NO_TEXT,) if message is None else message.content.texts)


def _zones(watch: WatchView, rows: Iterable[ForecastRow]) -> Iterable[ZoneStatus]:
    forecasts: dict[str, dict[float, ForecastRow]] = {}
    for row in rows:
        if row.variable == "flooded_share":
            forecasts.setdefault(row.zone, {})[row.lead_hours] = row
    properties = [feature["properties"] for feature in watch.run.features("zones.geojson")]
    shares = {each["zone"]: each.get("unknown_share") for each in properties}
    names = dict.fromkeys([*shares, *forecasts])
    zones = [ZoneStatus(name, forecasts.get(name, {}), shares.get(name)) for name in names]
    return sorted(zones, key=lambda zone: (not zone.probabilities, -_greatest(zone), zone.name))


def _greatest(zone: ZoneStatus) -> float:
    return max((row.probability or 0.0 for row in zone.probabilities.values()), default=0.0)
