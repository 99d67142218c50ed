"""Fixtures that every test may ask for."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.fixtures.postgres_server import empty_database, program, running_server

settings.register_profile("any machine", settings(deadline=None))  # examples take longer where others compute too
settings.load_profile("any machine")


def pytest_sessionstart() -> None:
    """Imports and collection make millions of objects that stay; without this the collector visits them many times."""
    gc.disable()


def pytest_collection_finish() -> None:
    """From here on only what tests make is garbage."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data, or a visible skip where it is not at hand."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("STRANDLINE_DATA", default))
    if not (folder / "README.md").exists():
        pytest.skip(f"real data not found at {folder}; set STRANDLINE_DATA to run this test")
    return folder


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a PostgreSQL server on which databases may be made, or a visible skip where there is none."""
    if (given := os.environ.get("STRANDLINE_TEST_POSTGRES")) is not None:
        yield given
    elif program("initdb") is None:
        pytest.skip("no PostgreSQL here; install it, or set STRANDLINE_TEST_POSTGRES to the URL of a server")
    else:
        with running_server() as url:
            yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database, on each engine that a store can have."""
    if request.param == "sqlite":
        return str(tmp_path / "watch.db")
    request.getfixturevalue("socket_enabled")
    return empty_database(request.getfixturevalue("postgres_server"), f"strandline_{os.getpid()}")
