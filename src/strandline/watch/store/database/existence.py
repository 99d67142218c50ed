"""Was there a store before? A missing or empty database is only then created."""

from strandline.watch.store.database.engine import SQLITE_HEAD
from strandline.watch.store.database.locations import Locations


def describe_lost_store(locations: Locations) -> str | None:
    """What is wrong with an SQLite file that is no store any more; ``None`` = it is one, or there never was one."""
    if locations.file is None or (trace := trace_of_a_store(locations)) is None:
        return None
    try:
        with locations.file.open("rb") as file:
            head = file.read(len(SQLITE_HEAD))
    except FileNotFoundError:
        return f"the store is missing, though {trace}"
    except OSError:
        return None  # opening it states why
    if not head:
        return f"the store is empty, though {trace}"
    return None if head == SQLITE_HEAD else f"is no SQLite database any more, though {trace}"


def trace_of_a_store(locations: Locations) -> str | None:
    """What shows that a store with content was here; ``None`` = nothing."""
    if (known := locations.known_entries) is not None and known.path.is_file() and known.path.stat().st_size:
        return f"{known.path.name} beside it holds entries of its log" if locations.file else f"{known.path} holds some"
    if locations.alerts is not None and any(
        copy.is_dir() and next(copy.iterdir(), None) is not None
        for copy in (locations.alerts / "drafts", locations.alerts / "confirmed")
    ):
        return (
            f"{locations.alerts.name}/ beside it holds its alerts" if locations.file else f"{locations.alerts} exists"
        )
    return None
