"""The API over the watch's store; read-only except for what a person signs with the password of their account."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeAlias

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator
from sse_starlette import EventSourceResponse

from strandline.watch.store import Busy, Damaged, Signatory, StoredAlert, StoredDecision
from strandline.watch.store.records import RECORDING, RELEASING, Acknowledgement, Role, Sending
from strandline.web.api.etags import cache_headers
from strandline.web.api.pagination import Cursor, Limit, paginate_by_number, paginate_by_time
from strandline.web.api.server_sent_events import LAST_SEQUENCE, OpenStreams
from strandline.web.api.sign_in import SignIn
from strandline.web.layers.hours import Hours, hours_of
from strandline.web.schemas import (
    AcknowledgementRecord,
    AcknowledgementRequest,
    AlertRecord,
    ConfirmationRecord,
    ConfirmationRequest,
    Confirmed,
    DecisionRecord,
    ForecastAt,
    HealthAt,
    HealthRecord,
    LogRecord,
    MessageRecord,
    Page,
    PendingRecord,
    ReadingRecord,
    ReleaseRecord,
    WatchRecord,
)
from strandline.web.watch_view import WatchView

DEFAULT_SPAN = timedelta(hours=48)
"""Default length of the period of a query."""
LONGEST_HISTORY = timedelta(days=10)
"""Of an answer with every hour."""
FIRST, LAST = datetime(1900, 1, 1), datetime(2200, 1, 1)
"""Times of a query lie between these, so that a zone or a period can be added to each."""


def to_naive_utc(time: datetime) -> datetime:
    """Return the time as naive UTC; a time without a zone is UTC.

    Raises:
        ValueError: it is not between ``FIRST`` and ``LAST``.
    """
    if not FIRST <= time.replace(tzinfo=None) <= LAST:
        raise ValueError(f"give a time from {FIRST.year} to {LAST.year}")
    return time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)


When: TypeAlias = Annotated[
    Annotated[datetime, AfterValidator(to_naive_utc)] | None,
    Query(description="UTC; the newest step, or two days before it"),
]
After: TypeAlias = Annotated[int, Query(ge=0, le=LAST_SEQUENCE)]
NO_NUL = r"^[^\x00]*$"
"""PostgreSQL has no NUL in texts."""
Variable: TypeAlias = Annotated[str, Query(max_length=60, pattern=NO_NUL)]
Lead: TypeAlias = Annotated[float | None, Query(ge=0, le=240, description="only this lead [h]")]


def watch_routes(watch: WatchView, sign_in: SignIn, streams: OpenStreams) -> APIRouter:
    """Return the routes below ``/watch``."""
    router, read = APIRouter(prefix="/watch", tags=["watch"]), watch.store.read

    def span(since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
        newest = read.newest_step()
        end = until or (newest.hour if newest else watch.clock())
        return since or end - DEFAULT_SPAN, end

    def signed_by(roles: tuple[Role, ...]) -> Callable[[Request], Signatory]:
        def sign(request: Request) -> Signatory:
            account, accounts = sign_in.require(request.headers.get("authorization"), roles)
            return accounts.signatory(account)

        return sign

    duty_officer, recorder = signed_by(RELEASING), signed_by(RECORDING)

    def add_cache_headers(request: Request, response: Response) -> None:
        response.headers.update(cache_headers(request, watch.head()))

    @router.get("")
    def show_watch(response: Response) -> WatchRecord:
        """The newest step of the watch and its age."""
        response.headers["Cache-Control"] = "no-store"  # the age changes with time
        newest = read.newest_step()
        if newest is None:
            return WatchRecord(run=watch.run.id, hour=None, ended=None, code_version=None, age_hours=None)
        age = (watch.clock() - newest.hour) / timedelta(hours=1)
        return WatchRecord(run=watch.run.id, hour=newest.hour, ended=newest.ended,
                           code_version=newest.code_version, age_hours=age)  # fmt: skip

    @router.get("/forecast", dependencies=[Depends(add_cache_headers)])
    def show_forecast() -> ForecastAt | None:
        """The newest forecast of every variable and zone; null = none yet. A zone without rows is unknown."""
        found = read.forecast()
        return None if found is None else ForecastAt.model_validate(found)

    @router.get("/forecast/history", dependencies=[Depends(add_cache_headers)])
    def list_forecasts(
        variable: Variable = "water_level", zone: Annotated[str, Query(max_length=200, pattern=NO_NUL)] = "",
        lead_hours: Lead = None,
        since: When = None, until: When = None, cursor: Cursor = None, limit: Limit = 100,
    ) -> Page[ForecastAt]:  # fmt: skip
        """The forecasts of one variable in one zone, hour by hour; the empty zone is the sea."""
        start, end = span(since, until)
        page = paginate_by_time(
            start, lambda since: read.forecast_history(variable, zone, since, end), lambda one: one.hour,
            ForecastAt.model_validate, cursor, limit,
        )  # fmt: skip
        if lead_hours is None:
            return page
        kept = [ForecastAt(hour=one.hour, rows=[row for row in one.rows if row.lead_hours == lead_hours])
                for one in page.items]  # fmt: skip
        return Page[ForecastAt](items=kept, next=page.next)

    @router.get("/hours", dependencies=[Depends(add_cache_headers)])
    def list_hours(since: When = None) -> Hours:
        """Sea, zones and flood map hour by hour: as known at each past step, and as forecast by the newest."""
        start, end = span(since, None)
        return hours_of(watch.run, read, max(start, end - LONGEST_HISTORY))

    @router.get("/health", dependencies=[Depends(add_cache_headers)])
    def show_health() -> list[HealthRecord]:
        """The health of the streams at the newest step."""
        return [HealthRecord.model_validate(each) for each in read.health()]

    @router.get("/health/history", dependencies=[Depends(add_cache_headers)])
    def list_health(
        since: When = None, until: When = None, cursor: Cursor = None, limit: Limit = 100
    ) -> Page[HealthAt]:
        """The health of the streams, step by step."""
        start, end = span(since, until)
        return paginate_by_time(
            start, lambda since: read.health_history(since, end), lambda one: one[0],
            lambda one: HealthAt(hour=one[0], streams=[HealthRecord.model_validate(each) for each in one[1]]),
            cursor, limit,
        )  # fmt: skip

    @router.get("/readings", dependencies=[Depends(add_cache_headers)])
    def list_readings(
        variable: Variable = "water_level",
        since: When = None, until: When = None, cursor: Cursor = None, limit: Limit = 500,
    ) -> Page[ReadingRecord]:  # fmt: skip
        """Readings of these times that had arrived by ``until``; the newest revision last."""
        start, end = span(since, until)
        return paginate_by_time(
            start, lambda since: (one for one in read.readings(since, end, end) if one.variable == variable),
            lambda one: one.time, ReadingRecord.model_validate, cursor, limit,
        )  # fmt: skip

    @router.get("/decisions", dependencies=[Depends(add_cache_headers)])
    def list_decisions(
        since: When = None, until: When = None, cursor: Cursor = None, limit: Limit = 100
    ) -> Page[DecisionRecord]:
        """Decisions by hour and rank, with reasons, conditions of change and confirmations."""
        start, end = span(since, until)
        return paginate_by_time(
            start, lambda since: read.decisions(since, end), lambda one: one.decision.at, decision_record, cursor, limit
        )

    @router.get("/alerts", dependencies=[Depends(add_cache_headers)])
    def list_alerts(
        since: When = None, until: When = None, cursor: Cursor = None, limit: Limit = 100
    ) -> Page[AlertRecord]:
        """Drafts of warnings by hour."""
        start, end = span(since, until)
        return paginate_by_time(
            start, lambda since: read.alerts(since, end), lambda one: one.hour, alert_record, cursor, limit
        )

    @router.get("/pending", dependencies=[Depends(add_cache_headers)])
    def show_pending(since: When = None) -> PendingRecord:
        """Decisions and alerts that wait for a confirmation."""
        pending = read.pending(span(since, None)[0])
        return PendingRecord(
            decisions=[decision_record(one) for one in pending.decisions],
            alerts=[alert_record(one) for one in pending.alerts],
        )

    @router.get("/log", dependencies=[Depends(add_cache_headers)])
    def list_log(after: After = 0, cursor: Cursor = None, limit: Limit = 100) -> Page[LogRecord]:
        """The log, a chain of hashes, from the entry after number ``after``."""
        return paginate_by_number(read.log, lambda one: one.sequence, LogRecord.model_validate, after, cursor, limit)

    @router.get("/events", response_class=EventSourceResponse)
    async def stream_events(request: Request, after: After | None = None) -> EventSourceResponse:
        """Server-sent events: each entry of the log after number ``after``, else each new one; its number is the id."""
        return await streams.open(watch, request.headers.get("last-event-id"), after)

    @router.get("/messages", dependencies=[Depends(add_cache_headers)])
    def list_messages() -> list[MessageRecord]:
        """Messages of the released warnings and how far each is; their addresses are not known here."""
        return [message_record(one) for one in read.sendings()]

    @router.get("/acknowledgements", dependencies=[Depends(add_cache_headers)])
    def list_acknowledgements() -> list[AcknowledgementRecord]:
        """Who has which released warning, and who says so."""
        return [AcknowledgementRecord.model_validate(one) for one in read.acknowledgements()]

    @router.post("/acknowledgements", status_code=201)
    def acknowledge(
        request: AcknowledgementRequest, response: Response, by: Annotated[Signatory, Depends(recorder)]
    ) -> AcknowledgementRecord:
        """Append to the log that somebody has a released warning, as an analyst or a duty officer heard."""
        response.headers["Cache-Control"] = "no-store"
        given = Acknowledgement(request.alert, request.recipient, by.name, watch.clock(), request.note)
        watch.store.acknowledge(given)
        return AcknowledgementRecord.model_validate(given)

    @router.post("/confirmations", status_code=201)
    def confirm(
        request: ConfirmationRequest, response: Response, by: Annotated[Signatory, Depends(duty_officer)]
    ) -> Confirmed:
        """Append a duty officer's confirmation to the log; the one that completes those needed releases an alert."""
        response.headers["Cache-Control"] = "no-store"
        stored = watch.store.confirm(request.subject, by, request.note, watch.clock())
        confirmation = ConfirmationRecord.model_validate(stored)
        try:
            delivery = watch.store.deliver(watch.alerts)
        except Busy:
            return Confirmed(confirmation=confirmation, is_delivered=False, waits_for=_waits_for(request.subject, by))
        for refused in delivery.refused:
            if refused.identifier == request.subject:
                what = f"the confirmation is kept, but the alert is not released: {refused.why}"
                raise Damaged(watch.store.locations.name, what)
        return Confirmed(confirmation=confirmation, is_delivered=True, waits_for=_waits_for(request.subject, by))

    def _waits_for(subject: str, by: Signatory) -> int:
        alert = next((one for one in read.pending(FIRST).alerts if one.identifier == subject), None)
        return 0 if alert is None else max(by.persons_needed - len(alert.confirmations), 1)

    return router


def decision_record(stored: StoredDecision) -> DecisionRecord:
    """Return the decision as a record of the API."""
    confirmations = [ConfirmationRecord.model_validate(each) for each in stored.confirmations]
    return DecisionRecord(id=stored.id, rank=stored.rank, confirmations=confirmations, **vars(stored.decision))


def message_record(sending: Sending) -> MessageRecord:
    """Return a message and its state as a record of the API."""
    message = sending.message
    return MessageRecord(
        key=message.key, alert=message.alert, recipient=message.recipient, format=message.format,
        language=message.language, zone=message.zone, mode=sending.mode, outcome=sending.outcome, at=sending.at,
        tries=sending.tries, detail=sending.detail,
    )  # fmt: skip


def alert_record(stored: StoredAlert) -> AlertRecord:
    """Return the alert as a record of the API."""
    return AlertRecord(
        identifier=stored.identifier, status=stored.status, hour=stored.hour, decision=stored.draft.decision,
        confirmations=[ConfirmationRecord.model_validate(each) for each in stored.confirmations],
        xml=stored.draft.xml.decode("utf-8"),
        release=None if stored.release is None else ReleaseRecord.model_validate(stored.release),
    )  # fmt: skip
