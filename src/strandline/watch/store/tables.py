"""The tables, as the newest migration leaves them; ``docs/reference/watch-store.md`` describes each.

Times are naive UTC. Names compare by code point on both engines, so that both give rows in the same order.
"""

from typing import TypeAlias

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

ColumnType: TypeAlias = TypeEngine | type[TypeEngine]
metadata = sa.MetaData()
name_type = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _key(name: str, kind: ColumnType) -> sa.Column:
    return sa.Column(name, kind, primary_key=True, autoincrement=False, nullable=False)


def _value(name: str, kind: ColumnType) -> sa.Column:
    return sa.Column(name, kind, nullable=False)


readings = sa.Table(
    "readings",
    metadata,
    _key("time", sa.DateTime),  # first, so that the readings of a few days are stored together
    _key("stream", name_type),
    _key("variable", name_type),
    _key("place", name_type),
    _key("member", sa.Integer),
    _key("issued", sa.DateTime),
    _key("revision", sa.Integer),
    _value("value", sa.Double),
    _value("quality", name_type),
    _value("received", sa.DateTime),
    sqlite_with_rowid=False,
)
health = sa.Table(
    "health",
    metadata,
    _key("hour", sa.DateTime),
    _key("stream", name_type),
    sa.Column("last_seen", sa.DateTime),
    sa.Column("age_hours", sa.Double),
    _value("condition", name_type),
    sa.Column("share_good", sa.Double),
    _value("fallback", name_type),
    _value("note", name_type),
    sqlite_with_rowid=False,
)
forecasts = sa.Table(
    "outlooks",
    metadata,
    _key("hour", sa.DateTime),
    _key("variable", name_type),
    _key("zone", name_type),
    _key("time", sa.DateTime),
    *(_value(name, sa.Double) for name in ("lead_hours", "p05", "p50", "p95")),
    sa.Column("probability", sa.Double),
    sqlite_with_rowid=False,
)
decisions = sa.Table(
    "decisions",
    metadata,
    _key("id", name_type),
    _value("hour", sa.DateTime),
    _value("rank", sa.Integer),
    _value("action", name_type),
    _value("change", name_type),
    _value("zones", name_type),
    sa.Column("probability", sa.Double),
    sa.Column("expected_avoided_loss", sa.Double),
    sa.Column("cost", sa.Double),
    sa.Column("onset", sa.DateTime),
    _value("is_degraded", sa.Boolean),
    _value("needs_person", sa.Boolean),
    _value("why", name_type),
    _value("moved_by", name_type),
    _value("would_change", name_type),
    sa.Index("decisions_by_hour", "hour", "rank"),
)
alerts = sa.Table(
    "alerts",
    metadata,
    _key("identifier", name_type),
    _value("hour", sa.DateTime),
    _value("status", name_type),
    _value("xml", name_type),
    sa.Column("decision", name_type, sa.ForeignKey("decisions.id")),
    sa.Index("alerts_by_hour", "hour", "identifier"),
    sa.CheckConstraint("status IN ('Exercise', 'Draft')", name="nothing_but_drafts"),
)
confirmations = sa.Table(
    "confirmations",
    metadata,
    _key("sequence", sa.Integer),
    sa.Column("decision", name_type, sa.ForeignKey("decisions.id"), index=True),
    sa.Column("alert", name_type, sa.ForeignKey("alerts.identifier"), index=True),
    _value("person", name_type),
    _value("at", sa.DateTime),
    _value("note", name_type),
    sa.CheckConstraint("(decision IS NULL) <> (alert IS NULL)", name="of_one_thing"),
    sa.CheckConstraint("trim(person) <> ''", name="by_a_named_person"),
)
releases = sa.Table(
    "releases",
    metadata,
    sa.Column("alert", name_type, sa.ForeignKey("alerts.identifier"), primary_key=True),
    _value("at", sa.DateTime),
    _value("needed", sa.Integer),
    _value("persons", name_type),
)
dispatches = sa.Table(
    "dispatches",
    metadata,
    sa.Column("alert", name_type, sa.ForeignKey("alerts.identifier"), primary_key=True),
    _value("at", sa.DateTime),
    _value("mode", name_type),
    sa.CheckConstraint("mode IN ('dry_run', 'exercise', 'live')", name="known_mode"),
)
messages = sa.Table(
    "messages",
    metadata,
    _key("key", name_type),
    sa.Column("alert", name_type, sa.ForeignKey("dispatches.alert"), nullable=False, index=True),
    *(_value(name, name_type) for name in ("recipient", "transport", "format", "language", "zone", "content")),
)
attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("message", name_type, sa.ForeignKey("messages.key"), primary_key=True),
    _key("number", sa.Integer),
    _value("outcome", name_type),
    _value("at", sa.DateTime),
    _value("detail", name_type),
    sa.CheckConstraint("outcome IN ('begun', 'accepted', 'failed', 'refused')", name="known_outcome"),
)
acknowledgements = sa.Table(
    "acknowledgements",
    metadata,
    _key("sequence", sa.Integer),
    sa.Column("alert", name_type, sa.ForeignKey("releases.alert"), nullable=False, index=True),
    _value("recipient", name_type),
    _value("person", name_type),
    _value("at", sa.DateTime),
    _value("note", name_type),
)
deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("alert", name_type, sa.ForeignKey("alerts.identifier"), primary_key=True),
    _key("copy", name_type),
    _value("at", sa.DateTime),
)
steps = sa.Table(
    "steps",
    metadata,
    _key("hour", sa.DateTime),
    _value("began", sa.DateTime),
    _value("ended", sa.DateTime),
    _value("code_version", name_type),
)
belief_state = sa.Table(
    "belief_state",
    metadata,
    _key("id", sa.Integer),
    _value("hour", sa.DateTime),
    _value("state", sa.LargeBinary),
    sa.CheckConstraint("id = 1", name="one_state"),
)
log = sa.Table(
    "log",
    metadata,
    _key("sequence", sa.Integer),
    _value("time", sa.DateTime),
    *(_value(name, name_type) for name in ("kind", "text", "data", "previous", "hash")),
)
FIRST_APPEND_ONLY = (alerts, confirmations, decisions, deliveries, health, log, readings, steps)
LAST_MILE = (releases, dispatches, messages, attempts, acknowledgements)
"""Tables of what happens to an alert after its confirmation, in the order of their references."""
APPEND_ONLY = (*FIRST_APPEND_ONLY, *LAST_MILE)
"""Tables that the database keeps from changing; rows of ``outlooks`` may be removed, the belief state replaced."""
