"""The API over the watch's store; read-only except for ``confirmations``, which needs the token."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeAlias

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sse_starlette import EventSourceResponse

from strandline.watch.store import Busy, Damaged, StoredAlert, StoredDecision
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
    ForecastAt,
    HealthAt,
    HealthRecord,
    LogRecord,
    Page,
    PendingRecord,
    ReadingRecord,
    WatchRecord,
)
from strandline.web.watch_view import WatchView

DEFAULT_SPAN = timedelta(hours=48)
"""Default length of the period of a query."""
When: TypeAlias = Annotated[datetime | None, Query(description="UTC; the newest step, or two days before it")]
Variable: TypeAlias = Annotated[str, Query(max_length=60)]
Lead: TypeAlias = Annotated[float | None, Query(ge=0, le=240, description="only this lead [h]")]


def watch_routes(watch: WatchView, token: Token, streams: OpenStreams) -> APIRouter:
    """Return the routes below ``/watch``."""
    router, read = APIRouter(prefix="/watch", tags=["watch"]), watch.store.read

    def span(since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
        newest = read.newest_step()
        end = to_naive_utc(until) if until else (newest.hour if newest else watch.clock())
        return to_naive_utc(since) if since else end - DEFAULT_SPAN, end

    def need_token(
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))],
    ) -> None:
        if credentials is None or not token.matches(f"{credentials.scheme} {credentials.credentials}"):
            raise HTTPException(401, "give the token that was printed at the start", {"WWW-Authenticate": "Bearer"})

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
        variable: Variable = "water_level", zone: Annotated[str, Query(max_length=200)] = "", lead_hours: Lead = None,
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
    def list_log(after: Annotated[int, Query(ge=0)] = 0, cursor: Cursor = None, limit: Limit = 100) -> Page[LogRecord]:
        """The log, a chain of hashes, from the entry after number ``after``."""
        return paginate_by_number(read.log, lambda one: one.sequence, LogRecord.model_validate, after, cursor, limit)

    @router.get("/events", response_class=EventSourceResponse)
    async def stream_events(request: Request, after: Annotated[int | None, Query(ge=0)] = None) -> EventSourceResponse:
        """Server-sent events: each entry of the log after number ``after``, else each new one; its number is the id."""
        return await streams.open(watch, request.headers.get("last-event-id"), after)

    @router.post("/confirmations", status_code=201, dependencies=[Depends(need_token)])
    def confirm(request: ConfirmationRequest, response: Response) -> Confirmed:
        """Append a confirmation by a named person to the log; a confirmed alert is written to the confirmed folder."""
        response.headers["Cache-Control"] = "no-store"
        stored = watch.store.confirm(request.subject, request.person, request.note, watch.clock())
        confirmation = ConfirmationRecord.model_validate(stored)
        try:
            delivery = watch.store.deliver(watch.alerts)
        except Busy:
            return Confirmed(confirmation=confirmation, is_delivered=False)
        for refused in delivery.refused:
            if refused.identifier == request.subject:
                what = f"the confirmation is kept, but the alert is not released: {refused.why}"
                raise Damaged(watch.store.locations.name, what)
        return Confirmed(confirmation=confirmation, is_delivered=True)

    return router


def to_naive_utc(time: datetime) -> datetime:
    """Return the time as naive UTC; a time without a zone is UTC."""
    return time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)


def decision_record(stored: StoredDecision) -> DecisionRecord:
    """Return the decision as a record of the API."""
    confirmations = [ConfirmationRecord.model_validate(each) for each in stored.confirmations]
    return DecisionRecord(id=stored.id, rank=stored.rank, confirmations=confirmations, **vars(stored.decision))


def alert_record(stored: StoredAlert) -> AlertRecord:
    """Return the alert as a record of the API."""
    return AlertRecord(
        identifier=stored.identifier, status=stored.status, hour=stored.hour, decision=stored.draft.decision,
        confirmations=[ConfirmationRecord.model_validate(each) for each in stored.confirmations],
        xml=stored.draft.xml.decode("utf-8"),
    )  # fmt: skip
