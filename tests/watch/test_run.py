"""From the command line to a watch: what cannot be watched is refused at once; the fit is stored."""

import json
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import typer

from strandline.cli.operation.watch import watch
from strandline.distillation.training.loop import Progress
from strandline.errors import InputError
from strandline.pipeline.deployment import DEPLOYMENT_FILE, Deployment
from strandline.pipeline.study_area import StudyArea
from strandline.uncertainty.forecaster import Forecaster
from strandline.watch import run as watch_run
from strandline.watch.assimilation.fit_file import FIT_FILE, load_fit, save_fit
from strandline.watch.decisions import Decision
from strandline.watch.feeds.recorded import replayed_feeds
from strandline.watch.service import Watch, load_or_fit
from strandline.watch.store.errors import Damaged
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


class FakeWatch:
    """A watch whose steps give what it was made with; it notes its hours and that its store was closed."""

    def __init__(self, *steps: list[Decision] | Exception) -> None:
        self.steps, self.hours, self.is_closed = list(steps), list[datetime](), False
        self.store = self

    def step(self, hour: datetime) -> list[Decision]:
        self.hours.append(hour)
        found = self.steps.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def close(self) -> None:
        self.is_closed = True


def test_what_fails_in_one_of_several_places_is_tried_again_and_ends_nothing() -> None:
    damaged = Damaged("watch.db", "log entry 3 was changed")
    watches = [FakeWatch([], damaged), FakeWatch([])]
    attempts: list[FakeWatch | Exception] = [InputError("runs/a", "holds no run", "run it"), *watches]

    def open_it() -> Watch:
        found = attempts.pop(0)
        if isinstance(found, Exception):
            raise found
        return cast("Watch", found)

    place = watch_run.WatchedPlace("a", open_it)
    found = [place.step(START + number * HOUR) for number in range(4)]
    assert isinstance(found[0], InputError)
    assert found[1:] == [[], damaged, []]
    assert watches[0].is_closed
    assert not watches[1].is_closed
    assert watches[0].hours == [START + HOUR, START + 2 * HOUR]
    assert watches[1].hours == [START + 3 * HOUR], "opened again, so that its store is verified"


def test_the_command_goes_on_beside_a_failed_place_and_says_so_each_hour(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    opened: dict[str, Path] = {}

    def open_it(region: Path, _: Path | None, run: Path, *__: object) -> FakeWatch:
        opened[region.stem] = run
        if region.stem == "b":
            raise OSError("the disk is full")
        watch = FakeWatch([], [])
        watch.store.read = SimpleNamespace(newest_entry=lambda: None)  # type: ignore[attr-defined]
        return watch

    monkeypatch.setattr(watch_run, "_open", open_it)
    files, span = [tmp_path / "a.toml", tmp_path / "b.toml"], "2020-01-03T00/2020-01-03T01"
    with pytest.raises(typer.Exit) as ended:
        watch(files, run=tmp_path, replay=span, as_json=True)
    assert ended.value.exit_code == 1
    assert opened == {"a": tmp_path / "a", "b": tmp_path / "b"}
    said = capsys.readouterr()
    lines = [json.loads(line) for line in said.out.splitlines()]
    said_by = [(line["place"], line["hour"][11:13]) for line in lines]
    assert said_by == [("a", "00"), ("b", "00"), ("a", "01"), ("b", "01")]
    assert [line.get("error") for line in lines] == [None, "OSError: the disk is full"] * 2
    assert "not watched in the last hour: b" in said.err
    with pytest.raises(InputError, match="several are named a"):
        watch([files[0], tmp_path / "other" / "a.toml"], run=tmp_path, replay=span)
    with pytest.raises(InputError, match=r"one is given for 2 places; leave it out"):
        watch(files, run=tmp_path, store="watch.db")
