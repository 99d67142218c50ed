"""The schema of a store: created or upgraded on opening; that of another version is refused."""

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

from strandline.errors import InputError
from strandline.watch.store.database.engine import name_of, reading, writing
from strandline.watch.store.tables import metadata

VERSION_TABLE = "strandline_schema"
OLDER = ("0001",)
"""Revisions of older versions. The log contains digests of their rows, so that they cannot be converted."""


def upgrade(engine: Engine) -> None:
    """Run the missing migrations in one transaction.

    Raises:
        InputError: another version wrote the schema, or the tables are another program's.
    """
    config = Config()
    config.set_main_option("script_location", str(files("strandline.watch.store") / "migrations"))
    newest = ScriptDirectory.from_config(config).get_current_head()
    with reading(engine) as connection:
        if _revision_of(connection) == newest:
            return
    with writing(engine) as connection:
        _refuse_foreign_schema(connection, ScriptDirectory.from_config(config))
        config.attributes.update(connection=connection, version_table=VERSION_TABLE)
        command.upgrade(config, "head")


def _revision_of(connection: Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()


def _refuse_foreign_schema(connection: Connection, scripts: ScriptDirectory) -> None:
    where, revision = name_of(connection.engine.url), _revision_of(connection)
    known = [script.revision for script in scripts.walk_revisions()]
    if revision in OLDER:
        what = f"was written by an older version of strandline (schema '{revision}')"
        raise InputError(where, what, "keep it as a record, and give the watch a new database")
    if revision is not None and revision not in known:
        what = f"its schema '{revision}' is newer than this program's '{known[0]}'"
        raise InputError(where, what, "use the version of strandline that wrote it, or a later one")
    if revision is None and (others := set(inspect(connection).get_table_names()) & set(metadata.tables)):
        what = f"holds tables of another program ({', '.join(sorted(others))})"
        raise InputError(where, what, "give the store a database or a schema of its own")
