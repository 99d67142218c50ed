"""What a store must contain according to its log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Table

from strandline.watch.store.audit.digests import HOUR_OF, Digest
from strandline.watch.store.records import LogEntry
from strandline.watch.store.rows import canonical
from strandline.watch.store.tables import forecasts, steps

Content = tuple[int, str]
"""Number of rows, and their SHA-256."""


def nothing(table: Table) -> Content:
    """Content of an hour without rows."""
    return 0, Digest(table).sha256


@dataclass
class Written:
    """Collects the entries of a verified log.

    Attributes:
        hours: of the completed steps.
        content: table → hour → rows that the step wrote; ``steps`` only where the step was written by a version that
            logs them.
        earliest_reading: hour → time of the earliest reading of that step; ``None`` = it has none.
        receipt: hour of a live step → when its readings were received.
        belief: SHA-256 of the newest belief state, and the hour of the step that wrote it.
        confirmations: subject, person, time and note.
        deliveries: alert, copy and time.
        releases: alert, time, persons needed, and names as JSON.
        released_by_one: alerts that a person confirmed in a version in which one was enough.
        dispatches: alert, time and mode → number and digest of its messages.
        attempts: message, number, outcome, time and detail.
        acknowledgements: alert, recipient, person, time and note.
    """

    hours: list[datetime] = field(default_factory=list)
    content: dict[Table, dict[datetime, Content]] = field(
        default_factory=lambda: {table: {} for table in (*HOUR_OF, steps)}
    )
    earliest_reading: dict[datetime, datetime | None] = field(default_factory=dict)
    receipt: dict[datetime, datetime] = field(default_factory=dict)
    belief: tuple[str, datetime] | None = None
    confirmations: list[tuple[str, str, datetime, str]] = field(default_factory=list)
    deliveries: set[tuple[str, str, datetime]] = field(default_factory=set)
    releases: set[tuple[str, datetime, int, str]] = field(default_factory=set)
    released_by_one: set[str] = field(default_factory=set)
    dispatches: dict[tuple[str, datetime, str], Content] = field(default_factory=dict)
    attempts: set[tuple[str, int, str, datetime, str]] = field(default_factory=set)
    acknowledgements: list[tuple[str, str, str, datetime, str]] = field(default_factory=list)

    def add(self, entry: LogEntry) -> None:
        """Add the next entry.

        Raises:
            KeyError, TypeError, ValueError: its data is not what the store writes.
        """
        data: Mapping[str, Any] = entry.data
        match entry.kind:
            case "step":
                self._add_step(entry.time, data)
            case "confirmation":
                self.confirmations.append((data["subject"], data["person"], entry.time, data["note"]))
                if "sha256" in data and "account" not in data:
                    self.released_by_one.add(data["subject"])
            case "release":
                persons = canonical(data["persons"], "release")
                self.releases.add((data["subject"], entry.time, int(data["needed"]), persons))
            case "dispatch":
                of_alert = int(data["messages"]["rows"]), str(data["messages"]["sha256"])
                self.dispatches[data["alert"], entry.time, data["mode"]] = of_alert
            case "attempt":
                self.attempts.add((data["message"], data["number"], data["outcome"], entry.time, data["detail"]))
            case "acknowledgement":
                self.acknowledgements.append(
                    (data["alert"], data["recipient"], data["person"], entry.time, data["note"])
                )
            case "delivery":
                self.deliveries.add((data["alert"], data["copy"], entry.time))
            case "retention":
                before, every = datetime.fromisoformat(data["before"]), int(data["every_hours"])
                thinned = self.content[forecasts]
                gone = nothing(forecasts)
                thinned |= {hour: gone for hour in thinned if hour < before and hour.hour % every != 0}

    def _add_step(self, hour: datetime, data: Mapping[str, Any]) -> None:
        self.hours.append(hour)
        for table, of_table in self.content.items():
            if table.name in data:
                of_table[hour] = int(data[table.name]["rows"]), str(data[table.name]["sha256"])
            elif table is not steps:
                raise KeyError(table.name)
        if data["belief_state"] is not None:
            self.belief = data["belief_state"], hour
        if "earliest_reading" in data:
            earliest = data["earliest_reading"]
            self.earliest_reading[hour] = None if earliest is None else datetime.fromisoformat(earliest)
        if data.get("receipt") is not None:
            self.receipt[hour] = datetime.fromisoformat(data["receipt"])
