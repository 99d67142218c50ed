"""The tables, as the newest migration leaves them; ``docs/reference/watch-store.md`` says what each is for.

Times are naive UTC. Names compare by code point on both engines, so that both give rows in the same order.
"""

from typing import TypeAlias

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.types import TypeEngine

ColumnType: TypeAlias = TypeEngine | type[TypeEngine]
metadata = MetaData()
name_type = Text().with_variant(Text(collation="C"), "postgresql")


def _key(name: str, kind: ColumnType) -> Column:
    return Column(name, kind, primary_key=True, autoincrement=False, nullable=False)


def _value(name: str, kind: ColumnType) -> Column:
    return Column(name, kind, nullable=False)


readings = Table(
    "readings",
    metadata,
    _key("time", DateTime),  # first, so that the readings of a few days are stored together
    _key("stream", name_type),
    _key("variable", name_type),
    _key("place", name_type),
    _key("member", Integer),
    _key("issued", DateTime),
    _key("revision", Integer),
    _value("value", Double),
    _value("quality", name_type),
    _value("received", DateTime),
    sqlite_with_rowid=False,
)
health = Table(
    "health",
    metadata,
    _key("hour", DateTime),
    _key("stream", name_type),
    Column("last_seen", DateTime),
    Column("age_hours", Double),
    _value("condition", name_type),
    Column("share_good", Double),
    _value("fallback", name_type),
    _value("note", name_type),
    sqlite_with_rowid=False,
)
forecasts = Table(
    "outlooks",
    metadata,
    _key("hour", DateTime),
    _key("variable", name_type),
    _key("zone", name_type),
    _key("time", DateTime),
    _value("lead_hours", Double),
    _value("p05", Double),
    _value("p50", Double),
    _value("p95", Double),
    Column("probability", Double),
    sqlite_with_rowid=False,
)
decisions = Table(
    "decisions",
    metadata,
    _key("id", name_type),
    _value("hour", DateTime),
    _value("rank", Integer),
    _value("action", name_type),
    _value("change", name_type),
    _value("zones", name_type),
    Column("probability", Double),
    Column("expected_avoided_loss", Double),
    Column("cost", Double),
    Column("onset", DateTime),
    _value("is_degraded", Boolean),
    _value("needs_person", Boolean),
    _value("why", name_type),
    _value("moved_by", name_type),
    _value("would_change", name_type),
    Index("decisions_by_hour", "hour", "rank"),
)
alerts = Table(
    "alerts",
    metadata,
    _key("identifier", name_type),
    _value("hour", DateTime),
    _value("status", name_type),
    _value("xml", name_type),
    Column("decision", name_type, ForeignKey("decisions.id")),
    Index("alerts_by_hour", "hour", "identifier"),
    CheckConstraint("status IN ('Exercise', 'Draft')", name="nothing_but_drafts"),
)
confirmations = Table(
    "confirmations",
    metadata,
    _key("sequence", Integer),
    Column("decision", name_type, ForeignKey("decisions.id"), index=True),
    Column("alert", name_type, ForeignKey("alerts.identifier"), index=True),
    _value("person", name_type),
    _value("at", DateTime),
    _value("note", name_type),
    CheckConstraint("(decision IS NULL) <> (alert IS NULL)", name="of_one_thing"),
    CheckConstraint("trim(person) <> ''", name="by_a_named_person"),
)
deliveries = Table(
    "deliveries",
    metadata,
    Column("alert", name_type, ForeignKey("alerts.identifier"), primary_key=True),
    _key("copy", name_type),
    _value("at", DateTime),
)
steps = Table(
    "steps",
    metadata,
    _key("hour", DateTime),
    _value("began", DateTime),
    _value("ended", DateTime),
    _value("code_version", name_type),
)
belief_state = Table(
    "belief_state",
    metadata,
    _key("id", Integer),
    _value("hour", DateTime),
    _value("state", LargeBinary),
    CheckConstraint("id = 1", name="one_state"),
)
log = Table(
    "log",
    metadata,
    _key("sequence", Integer),
    _value("time", DateTime),
    _value("kind", name_type),
    _value("text", name_type),
    _value("data", name_type),
    _value("previous", name_type),
    _value("hash", name_type),
)
APPEND_ONLY = (alerts, confirmations, decisions, deliveries, health, log, readings, steps)
"""Tables that the database keeps from changing; rows of ``outlooks`` may be removed, the belief state replaced."""
