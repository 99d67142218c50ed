"""The API over the watch's store. Everything reads; ``confirmations`` alone appends, and asks for the token."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeAlias

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sse_starlette import EventSourceResponse

from strandline.watch.store import Busy, StoredAlert, StoredDecision
from strandline.web.api.etags import cache_headers
from strandline.web.api.pagination import Cursor, Limit, paginate_by_number, paginate_by_time
from strandline.web.api.server_sent_events import OpenStreams
from strandline.web.api.token import Token
from strandline.web.schemas import (
    AlertRecord,
    ConfirmationRecord,
    ConfirmationRequest,
    Confirmed,
    DecisionRecord,
    HealthAt,
    HealthRecord,
    LogRecord,
    ForecastAt,
    Page,
    PendingRecord,
    ReadingRecord,
    WatchRecord,
)
from strandline.web.watch_view import WatchView

DEFAULT_SPAN = timedelta(hours=48)
"""How far back one looks where nothing is said."""
When: TypeAlias = Annotated[datetime | None, Query(description="UTC; the newest step, or two days before it")]
Variable: TypeAlias = Annotated[str, Query(max_length=60)]
Lead: TypeAlias = Annotated[float | None, Query(ge=0, le=240, description="this lead alone [h]")]


def watch_routes(watch: WatchView, token: Token, streams: OpenStreams) -> APIRouter:
    """Routes below ``/watch``."""
    router, read = APIRouter(prefix="/watch", tags=["watch"]), watch.store.read

    def span(since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
        newest = read.newest_step()
        end = to_naive_utc(until) if until else (newest.hour if newest else watch.clock())
        return to_naive_utc(since) if since else end - DEFAULT_SPAN, end

    def need_token(
        given: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))],
    ) -> None:
        if given is None or not token.matches(f"{given.scheme} {given.credentials}"):
            raise HTTPException(401, "give the token that was printed at the start", {"WWW-Authenticate": "Bearer"})

    def fresh(request: Request, response: Response) -> None:
        response.headers.update(cache_headers(request, watch.head()))

    @router.get("")
    def show_watch(response: Response) -> WatchRecord:
        """Where the watch stands, and how old that is."""
        response.headers["Cache-Control"] = "no-store"  # its age changes by itself
        newest = read.newest_step()
        if newest is None:
            return WatchRecord(run=watch.run.id, hour=None, ended=None, code_version=None, age_hours=None)
        age = (watch.clock() - newest.hour) / timedelta(hours=1)
        return WatchRecord(run=watch.run.id, hour=newest.hour, ended=newest.ended,
                           code_version=newest.code_version, age_hours=age)  # fmt: skip

    @router.get("/outlook", dependencies=[Depends(fresh)])
    def show_outlook() -> ForecastAt | None:
        """What is believed now of every variable and zone; null = nothing yet. A zone without rows is unknown."""
        found = read.forecast()
        return None if found is None else ForecastAt.model_validate(found)

    @router.get("/outlook/history", dependencies=[Depends(fresh)])
    def list_outlooks(
        variable: Variable = "water_level", zone: Annotated[str, Query(max_length=200)] = "", lead_hours: Lead = None,
        since: When = None, until: When = None, cursor: Cursor = None, limit: Limit = 100,
    ) -> Page[ForecastAt]:  # fmt: skip
        """What was believed hour by hour of one variable in one zone; an empty zone is the sea."""
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

    @router.get("/health", dependencies=[Depends(fresh)])
    def show_health() -> list[HealthRecord]:
        """How streams did at the newest step."""
        return [HealthRecord.model_validate(each) for each in read.health()]

    @router.get("/health/history", dependencies=[Depends(fresh)])
    def list_health(
        since: When = None, until: When = None, cursor: Cursor = None, limit: Limit = 100
    ) -> Page[HealthAt]:
        """How streams did, step by step."""
        start, end = span(since, until)
        return paginate_by_time(
            start, lambda since: read.health_history(since, end), lambda one: one[0],
            lambda one: HealthAt(hour=one[0], streams=[HealthRecord.model_validate(each) for each in one[1]]),
            cursor, limit,
        )  # fmt: skip

    @router.get("/readings", dependencies=[Depends(fresh)])
    def list_readings(
        variable: Variable = "water_level",
        since: When = None, until: When = None, cursor: Cursor = None, limit: Limit = 500,
    ) -> Page[ReadingRecord]:  # fmt: skip
        """What streams said of these times, as far as it had come by ``until``; the newest revision last."""
        start, end = span(since, until)
        return paginate_by_time(
            start, lambda since: (one for one in read.readings(since, end, end) if one.variable == variable),
            lambda one: one.time, ReadingRecord.model_validate, cursor, limit,
        )  # fmt: skip

    @router.get("/decisions", dependencies=[Depends(fresh)])
    def list_decisions(
        since: When = None, until: When = None, cursor: Cursor = None, limit: Limit = 100
    ) -> Page[DecisionRecord]:
        """Decisions by hour and rank, with why, what would turn them, and who confirmed them."""
        start, end = span(since, until)
        return paginate_by_time(
            start, lambda since: read.decisions(since, end), lambda one: one.decision.at, decision_record, cursor, limit
        )

    @router.get("/alerts", dependencies=[Depends(fresh)])
    def list_alerts(
        since: When = None, until: When = None, cursor: Cursor = None, limit: Limit = 100
    ) -> Page[AlertRecord]:
        """Drafts of warnings by hour."""
        start, end = span(since, until)
        return paginate_by_time(
            start, lambda since: read.alerts(since, end), lambda one: one.hour, alert_record, cursor, limit
        )

    @router.get("/pending", dependencies=[Depends(fresh)])
    def show_pending(since: When = None) -> PendingRecord:
        """What waits for a person."""
        pending = read.pending(span(since, None)[0])
        return PendingRecord(
            decisions=[decision_record(one) for one in pending.decisions],
            alerts=[alert_record(one) for one in pending.alerts],
        )

    @router.get("/log", dependencies=[Depends(fresh)])
    def list_log(after: Annotated[int, Query(ge=0)] = 0, cursor: Cursor = None, limit: Limit = 100) -> Page[LogRecord]:
        """The log, a chain of hashes, from the entry that follows number ``after``."""
        return paginate_by_number(read.log, lambda one: one.sequence, LogRecord.model_validate, after, cursor, limit)

    @router.get("/events", response_class=EventSourceResponse)
    async def stream_events(request: Request) -> EventSourceResponse:
        """Server-sent events: each new entry of the log, by its kind, with its number as id."""
        return await streams.open(watch, request.headers.get("last-event-id"))

    @router.post("/confirmations", status_code=201, dependencies=[Depends(need_token)])
    def confirm(word: ConfirmationRequest, response: Response) -> Confirmed:
        """Append a named person's word to the log; what it releases is written to the folder of confirmed alerts."""
        response.headers["Cache-Control"] = "no-store"
        given = watch.store.confirm(word.subject, word.person, word.note, watch.clock())
        try:
            watch.store.deliver(watch.alerts)
        except Busy:
            return Confirmed(confirmation=ConfirmationRecord.model_validate(given), is_delivered=False)
        return Confirmed(confirmation=ConfirmationRecord.model_validate(given), is_delivered=True)

    return router


def to_naive_utc(time: datetime) -> datetime:
    """The same time as naive UTC; one without a zone is UTC."""
    return time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)


def decision_record(stored: StoredDecision) -> DecisionRecord:
    """As the API says it."""
    given = [ConfirmationRecord.model_validate(each) for each in stored.confirmations]
    return DecisionRecord(id=stored.id, rank=stored.rank, confirmations=given, **vars(stored.decision))


def alert_record(stored: StoredAlert) -> AlertRecord:
    """As the API says it."""
    return AlertRecord(
        identifier=stored.identifier, status=stored.status, hour=stored.hour, decision=stored.draft.decision,
        confirmations=[ConfirmationRecord.model_validate(each) for each in stored.confirmations],
        xml=stored.draft.xml.decode("utf-8"),
    )  # fmt: skip
