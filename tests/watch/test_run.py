"""From the command line to a watch: what cannot be watched is refused at once, and hours come when they are due."""

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import islice
from pathlib import Path

import pytest

from strandline.distillation.training.loop import Progress
from strandline.errors import InputError
from strandline.pipeline.deployment import DEPLOYMENT_FILE, Deployment
from strandline.pipeline.study_area import StudyArea
from strandline.uncertainty.forecaster import Forecaster
from strandline.watch import run as job
from strandline.watch.assimilation.fit import FIT_FILE, load_fit, save_fit
from strandline.watch.assimilation.gauge_residuals import AFTER_THE_HOUR
from strandline.watch.service import hours_as_they_come, load_or_fit, paced, replayed_feeds
from tests.fixtures.batches import make_place
from tests.fixtures.watches import a_deployment, a_sea_level_fit

HOUR = timedelta(hours=1)
START = datetime(2020, 1, 3)


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return a_deployment()


def nobody(name: str) -> Progress | None:
    raise AssertionError(f"'{name}' was begun")


@pytest.mark.parametrize(
    ("replay", "said"),
    [(None, "no streams; give --replay"), ("2009-05-05", "is no span"), ("yesterday/today", "is no span"),
     ("2009-05-06/2009-05-05", "is empty or has a zone"), ("2009-05-05/2009-05-05", "is empty or has a zone"),
     ("2009-05-05T00:00Z/2009-05-06T00:00Z", "is empty or has a zone")],
)  # fmt: skip
def test_hours_that_cannot_be_lived_through_are_refused_before_anything_is_begun(
    tmp_path: Path, replay: str | None, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        job.prepare(None, None, tmp_path, None, replay, None, nobody, once=False)
    assert list(tmp_path.iterdir()) == []


def test_a_replay_of_hours_that_the_record_does_not_hold_is_refused_with_its_span(deployment: Deployment) -> None:
    place = StudyArea(make_place(10))
    with pytest.raises(InputError, match=r"no reading between .*; the record holds 2020-01-01 to 2020-01-10"):
        replayed_feeds(place, deployment, datetime(2021, 1, 1), datetime(2021, 1, 2), {})
    feeds = replayed_feeds(place, deployment, START, START + 24 * HOUR, {})
    assert [each.stream for each in feeds] == ["gauge 0", "gauge 1"], "on a real coast nobody makes up a surge service"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[], datetime]:
    """A clock that goes on while somebody sleeps, and not else."""
    now = [START + timedelta(minutes=30)]
    monkeypatch.setattr(time, "sleep", lambda seconds: now.append(now[-1] + timedelta(seconds=seconds)))
    return lambda: now[-1]


def test_live_hours_begin_with_the_last_full_one_and_come_when_its_readings_are_there(
    clock: Callable[[], datetime],
) -> None:
    hours = hours_as_they_come(clock)
    assert next(hours) == START
    assert clock() == START + timedelta(minutes=30), "the first does not wait"
    for hour in islice(hours, 3):
        assert timedelta(0) <= clock() - hour - AFTER_THE_HOUR < timedelta(minutes=1)


def test_a_watch_that_was_slow_catches_up_hour_by_hour(clock: Callable[[], datetime]) -> None:
    hours = hours_as_they_come(clock)
    next(hours)
    time.sleep(5 * 3600)
    assert list(islice(hours, 4)) == [START + HOUR * number for number in (1, 2, 3, 4)]
    assert clock() == START + timedelta(hours=5, minutes=30)


def test_a_replay_is_paced_and_goes_at_once_without_a_speed(clock: Callable[[], datetime]) -> None:
    before = clock()
    assert len(list(paced(iter([START] * 4), None))) == 4
    assert clock() == before
    assert len(list(paced(iter([START] * 4), 3600.0))) == 4
    assert clock() - before == timedelta(seconds=3)


class Opened(Exception):
    """The place was opened, to be learned from."""


def open_it() -> StudyArea:
    raise Opened


def test_what_was_learned_is_read_back_while_the_run_is_the_same_and_learned_anew_after(
    deployment: Deployment, tmp_path: Path
) -> None:
    forecaster = Forecaster((), {}, 1.0, 0.5, 0.5, None)
    (tmp_path / DEPLOYMENT_FILE).write_bytes(b"one run")
    with pytest.raises(Opened):
        load_or_fit(tmp_path, open_it, deployment, forecaster, None)
    save_fit(tmp_path, a_sea_level_fit(sha256(b"one run").hexdigest()))
    assert load_or_fit(tmp_path, open_it, deployment, forecaster, None).tides.keys() == {"own"}
    (tmp_path / DEPLOYMENT_FILE).write_bytes(b"another run")
    with pytest.raises(Opened):
        load_or_fit(tmp_path, open_it, deployment, forecaster, None)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", json.dumps({"process": "none"}).encode()])
def test_knowledge_that_is_damaged_is_refused_and_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FIT_FILE).write_bytes(content)
    with pytest.raises(InputError, match=r"watch.json: cannot be read \(\d+ validation errors?.*; delete it"):
        load_fit(tmp_path)
