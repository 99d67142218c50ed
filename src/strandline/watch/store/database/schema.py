"""The schema of a store: created or upgraded on opening; that of another version is refused."""

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

from strandline.errors import InputError
from strandline.watch.store.database.engine import name_of, reading, writing
from strandline.watch.store.errors import Damaged
from strandline.watch.store.tables import metadata

VERSION_TABLE = "strandline_schema"
OLDER = ("0001",)
"""Revisions of older versions. The log contains digests of their rows, so that they cannot be converted."""
SQLITE_DIGEST = "5135ad5ef312053da60ad3539441fbaed7695b0af7ee0c55629a204093d34d51"
"""SHA-256 of the statements that the newest revision makes an SQLite store with (``schema_digest``)."""


def upgrade(engine: Engine, *, create: bool = True, trace: str | None = None) -> None:
    """Run the missing migrations in one transaction.

    Args:
        create: make the tables where there are none.
        trace: what shows that there was a store before; ``None`` = nothing.

    Raises:
        Damaged: there was a store, and its tables are gone.
        InputError: another version wrote the schema, the tables are another program's, or there are none to be read.
    """
    with reading(engine) as connection:
        revision = revision_of(connection)
        if revision == newest_revision():
            return
    if revision is None and trace is not None:
        raise Damaged(name_of(engine.url), f"the store's schema is gone, though {trace}")
    if revision is None and not create:
        raise InputError(name_of(engine.url), "holds no store", "start `strandline watch`, which creates it")
    with writing(engine) as connection:
        _refuse_foreign_schema(connection)
        run_migrations(connection)


def run_migrations(connection: Connection) -> None:
    """Run the missing migrations within the caller's transaction."""
    config = _config()
    config.attributes.update(connection=connection, version_table=VERSION_TABLE)
    command.upgrade(config, "head")


def newest_revision() -> str:
    """The revision that this program writes."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    assert newest is not None
    return newest


def revision_of(connection: Connection) -> str | None:
    """The revision of a database; ``None`` = it has none."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("strandline.watch.store") / "migrations"))
    return config


def _refuse_foreign_schema(connection: Connection) -> None:
    where, revision = name_of(connection.engine.url), revision_of(connection)
    known = [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]
    if revision in OLDER:
        what = f"was written by an older version of strandline (schema '{revision}')"
        raise InputError(where, what, "keep it as a record, and give the watch a new database")
    if revision is not None and revision not in known:
        what = f"its schema '{revision}' is newer than this program's '{known[0]}'"
        raise InputError(where, what, "use the version of strandline that wrote it, or a later one")
    if revision is None and (others := set(inspect(connection).get_table_names()) & set(metadata.tables)):
        what = f"holds tables of another program ({', '.join(sorted(others))})"
        raise InputError(where, what, "give the store a database or a schema of its own")
