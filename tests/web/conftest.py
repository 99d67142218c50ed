"""Two runs and a watch that are served."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from strandline.web.run_folder import RunFolder
from strandline.web.watch_view import WatchView
from tests.fixtures.web import STEPS, client_of, make_run, make_watch


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunFolder]:
    folder = tmp_path_factory.mktemp("runs")
    return {"before": make_run(folder / "before"), "after": make_run(folder / "after", likelier=0.2)}


@pytest.fixture(scope="module")
def watched(runs: dict[str, RunFolder]) -> Iterator[WatchView]:
    opened = make_watch(runs["before"], STEPS)
    yield opened
    opened.store.close()


@pytest.fixture(scope="module")
def client(runs: dict[str, RunFolder], watched: WatchView) -> Iterator[TestClient]:
    with client_of(runs, watched) as opened:
        yield opened


@pytest.fixture
def own_watch(runs: dict[str, RunFolder], tmp_path: Path) -> Iterator[WatchView]:
    """A watch that a test may write to."""
    (tmp_path / "own").symlink_to(runs["before"].path)
    own = RunFolder("own", tmp_path)
    for name in ("summary.json", "plan.json", "zones.geojson"):
        (tmp_path / name).write_bytes((runs["before"].path / name).read_bytes())
    opened = make_watch(own, STEPS)
    yield opened
    opened.store.close()
