"""Where a store and what belongs to it lie: the database, its alert files, and its known entries."""

from dataclasses import dataclass
from pathlib import Path

from strandline.watch.store.database.engine import address_of, name_of
from strandline.watch.store.verification.known_entries import KnownEntriesFile


@dataclass(frozen=True)
class Locations:
    """Of one store.

    Attributes:
        address: as given.
        name: in messages; without a password.
        file: of an SQLite store; ``None`` = it is on a server.
        alerts: folder of the drafts and the confirmed alerts; ``None`` = unknown.
        known_entries: entries of its log outside the database; ``None`` = unknown.
        users: file of the accounts; ``None`` = unknown.
    """

    address: str | Path
    name: str
    file: Path | None
    alerts: Path | None
    known_entries: KnownEntriesFile | None
    users: Path | None = None

    @classmethod
    def of(cls, address: str | Path, run: Path | None = None) -> "Locations":
        """Of a path or a URL; beside an SQLite file, otherwise in the run's folder with the database's name.

        Raises:
            InputError: the address is none of a store.
        """
        url = address_of(address)
        if url.get_backend_name() == "sqlite":
            file = Path(str(url.database)).absolute()
            known = KnownEntriesFile(file.with_name(f"{file.name}.known"))
            alerts, users = file.with_name(f"{file.stem}-alerts"), file.with_name(f"{file.name}.users")
            return cls(address, name_of(url), file, alerts, known, users)
        if run is None:
            return cls(address, name_of(url), None, None, None)
        known = KnownEntriesFile(run / f"{url.database}.known")
        alerts, users = run / f"{url.database}-alerts", run / f"{url.database}.users"
        return cls(address, name_of(url), None, alerts, known, users)
