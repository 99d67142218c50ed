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
    """

    address: str | Path
    name: str
    file: Path | None
    alerts: Path | None
    known_entries: KnownEntriesFile | None

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
            return cls(address, name_of(url), file, file.with_name(f"{file.stem}-alerts"), known)
        if run is None:
            return cls(address, name_of(url), None, None, None)
        known = KnownEntriesFile(run / f"{url.database}.known")
        return cls(address, name_of(url), None, run / f"{url.database}-alerts", known)
