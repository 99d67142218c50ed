"""From the command line to a watch: what cannot be watched is refused at once; the fit is stored."""

import json
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from strandline.distillation.training.loop import Progress
from strandline.errors import InputError
from strandline.pipeline.deployment import DEPLOYMENT_FILE, Deployment
from strandline.pipeline.study_area import StudyArea
from strandline.uncertainty.forecaster import Forecaster
from strandline.watch import run as watch_run
from strandline.watch.assimilation.fit_file import FIT_FILE, load_fit, save_fit
from strandline.watch.feeds.recorded import replayed_feeds
from strandline.watch.service import load_or_fit
from tests.fixtures.batches import make_observations
from tests.fixtures.watches import a_deployment, a_sea_level_fit

HOUR = timedelta(hours=1)
START = datetime(2020, 1, 3)


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return a_deployment()


def nobody(name: str) -> Progress | None:
    raise AssertionError(f"'{name}' has begun")


@pytest.mark.parametrize(
    ("replay", "message"),
    [(None, "no streams; give --replay"), ("2009-05-05", "is no span"), ("yesterday/today", "is no span"),
     ("2009-05-06/2009-05-05", "is empty or has a zone"), ("2009-05-05/2009-05-05", "is empty or has a zone"),
     ("2009-05-05T00:00Z/2009-05-06T00:00Z", "is empty or has a zone")],
)  # fmt: skip
def test_a_span_that_cannot_be_replayed_is_refused_before_anything_begins(
    tmp_path: Path, replay: str | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        watch_run.prepare(None, None, tmp_path, None, replay, None, nobody, once=False)
    assert list(tmp_path.iterdir()) == []


def test_a_replay_outside_the_record_is_refused_with_the_span_of_the_record(deployment: Deployment) -> None:
    study_area = StudyArea(make_observations(10))
    with pytest.raises(InputError, match=r"no reading between .*; the record holds 2020-01-01 to 2020-01-10"):
        replayed_feeds(study_area, deployment, datetime(2021, 1, 1), datetime(2021, 1, 2), {})
    feeds = replayed_feeds(study_area, deployment, START, START + 24 * HOUR, {})
    assert [each.stream for each in feeds] == ["gauge 0", "gauge 1"], "a real coast has no simulated surge service"


class Opened(Exception):
    """The study area was opened for a fit."""


def open_it() -> StudyArea:
    raise Opened


def test_a_stored_fit_is_used_for_the_same_run_and_repeated_for_another(deployment: Deployment, tmp_path: Path) -> None:
    forecaster = Forecaster((), 1.0, 0.5, 0.5, None)
    (tmp_path / DEPLOYMENT_FILE).write_bytes(b"one run")
    with pytest.raises(Opened):
        load_or_fit(tmp_path, open_it, deployment, forecaster, None)
    save_fit(tmp_path, a_sea_level_fit(sha256(b"one run").hexdigest()))
    assert load_or_fit(tmp_path, open_it, deployment, forecaster, None).tides.keys() == {"own"}
    (tmp_path / DEPLOYMENT_FILE).write_bytes(b"another run")
    with pytest.raises(Opened):
        load_or_fit(tmp_path, open_it, deployment, forecaster, None)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", json.dumps({"process": "none"}).encode()])
def test_a_damaged_fit_file_is_refused_with_a_remedy(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FIT_FILE).write_bytes(content)
    with pytest.raises(
        InputError,
        match=r"watch.json: is damaged or was written by another version \(\d+ validation errors?.*; delete it",
    ):
        load_fit(tmp_path)
