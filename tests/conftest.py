"""Fixtures that every test may ask for."""

import gc
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.fixtures.postgres_server import empty_database, program, running_server

settings.register_profile("any machine", settings(deadline=None))  # examples take longer where others compute too
settings.load_profile("any machine")


SLOW_FILE = re.compile(r"^pytestmark = \[?pytest\.mark\.slow\b", re.MULTILINE)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """`make test-fast` does not load files whose tests are all slow: what they import takes a third of its start."""
    if config.getoption("markexpr") != "not slow" or collection_path.suffix != ".py":
        return None
    is_slow = Path(__file__).parent / "benchmarks" in collection_path.parents
    return is_slow or SLOW_FILE.search(collection_path.read_text(encoding="utf-8")) is not None or None


def pytest_sessionstart() -> None:
    """Imports and collection make millions of objects that stay; without this the collector visits them many times."""
    gc.disable()


def pytest_collection_finish() -> None:
    """From here on only what tests make is garbage; the collector's own pace took a seventh of the suite's time."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
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


@pytest.fixture
def draw_only(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Reports of this test hold these figures, and empty pictures for the rest: drawing them all takes seconds."""
    from strandline.report.page import pictures

    blank = pictures.Drawing("data:,", "data:,", "left out by a test", 1, 1)
    draw = pictures._draw_both_widths

    def choose(*figures: Callable[..., object]) -> None:
        monkeypatch.setattr(pictures, "_draw_both_widths", lambda one: draw(one) if one.func in figures else blank)

    return choose


@pytest.fixture
def without_pictures(draw_only: Callable[..., None]) -> None:
    """Reports of this test have empty pictures: it looks at none."""
    draw_only()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database, on each engine that a store can have."""
    if request.param == "sqlite":
        return str(tmp_path / "watch.db")
    request.getfixturevalue("socket_enabled")
    return empty_database(request.getfixturevalue("postgres_server"), f"strandline_{os.getpid()}")
