"""Jobs: a start waits for one that ends, and holds up no other start."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest

from strandline.web.places import jobs as module
from strandline.web.places.jobs import Jobs
from strandline.web.places.place_folder import PlaceFolder, open_places
from tests.fixtures.storm_place import make_storm_place

pytestmark = pytest.mark.slow
STARTS = 5


@pytest.fixture
def place(tmp_path: Path) -> PlaceFolder:
    return make_storm_place(open_places(tmp_path / "places"), tmp_path / "made")


def test_starts_wait_side_by_side_for_a_job_that_will_not_end(
    place: PlaceFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, sent = Jobs(lambda: datetime(2022, 11, 21)), list[int]()
    assert jobs.start(place, "handmade", "run", "Cy", {"resume": False}) is not None
    monkeypatch.setattr(module, "PATIENCE_S", 0.3)
    with monkeypatch.context() as unkillable:
        unkillable.setattr(os, "killpg", lambda session, number: sent.append(session))
        cancelled = jobs.cancel(place)
        assert cancelled is not None
        assert cancelled.state == "cancelled"
        began = time.monotonic()
        with ThreadPoolExecutor(STARTS) as pool:
            answers = list(pool.map(lambda _: jobs.start(place, "handmade", "check", "Cy", {}), range(STARTS)))
        assert answers == [None] * STARTS
        assert time.monotonic() - began < 2 * 2 * module.PATIENCE_S, "one after the other they take five times as long"
    os.killpg(sent[0], signal.SIGKILL)


def test_of_two_starts_at_once_one_is_refused(place: PlaceFolder) -> None:
    jobs = Jobs(lambda: datetime(2022, 11, 21))
    try:
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda _: jobs.start(place, "handmade", "check", "Cy", {}), range(2)))
        assert [answer is None for answer in answers].count(False) == 1
    finally:
        jobs.close()
