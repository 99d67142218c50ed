"""A PostgreSQL server that lives as long as the tests, on a unix socket of its own."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, make_url, text

USER = "strandline"


def program(name: str) -> str | None:
    """Path of one of the server's programs; Debian keeps them out of PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(debian[-1]) if debian else None)


@contextmanager
def running_server() -> Iterator[str]:
    """Make a cluster, start it, and remove both in the end; gives the URL of its database ``postgres``."""
    with tempfile.TemporaryDirectory() as name:
        folder, run = Path(name), []
        if os.geteuid() == 0:  # the server refuses to run as root
            account = pwd.getpwnam("postgres")
            os.chown(folder, account.pw_uid, account.pw_gid)
            run = ["runuser", "-u", "postgres", "--"]
        data, options = folder / "data", f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        initdb = [*run, program("initdb"), "--auth=trust", f"--username={USER}", "--no-sync", "--encoding=UTF8"]
        _run([*initdb, "--locale=C", "-D", data], folder)
        pg_ctl = [*run, program("pg_ctl"), "-D", data, "-w"]
        _run([*pg_ctl, "-l", folder / "server.log", "-o", options, "start"], folder)
        try:
            yield f"postgresql+pg8000://{USER}@/postgres?unix_sock={folder}/.s.PGSQL.5432"
        finally:
            _run([*pg_ctl, "-m", "immediate", "stop"], folder)


def empty_database(server: str, name: str) -> str:
    """Make a database, or empty the one of that name; gives its URL."""
    with _connected(server) as connection:
        if connection.execute(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}).first() is None:
            connection.execute(text(f'CREATE DATABASE "{name}"'))
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    with _connected(url) as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    return url


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = create_engine(make_url(url).set(drivername="postgresql+pg8000"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _run(command: list[str | Path | None], folder: Path) -> None:
    # the server keeps what it is started with: pipes would never end
    with (folder / "setup.log").open("ab") as log:
        done = subprocess.run([str(part) for part in command], cwd=folder, stdout=log, stderr=log)
    if done.returncode != 0:
        raise RuntimeError((folder / "setup.log").read_text())
