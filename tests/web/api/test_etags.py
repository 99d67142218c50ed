"""An unchanged answer is not sent again."""

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from benchmarks.agent.scripted_watch import ALONE
from strandline.web.app import PREFIX
from strandline.web.run_folder import RunFolder
from strandline.web.watch_view import WatchView
from tests.fixtures.web import CONFIRMATION, HOUR, START, STEPS, STREAMS, client_of, make_run, take_step

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "path",
    ["/runs", "/runs/before", "/runs/before/actions", "/runs/before/assets", "/runs/before/layers",
     "/runs/before/layers/flood_probability/1.png", "/runs/before/products", "/runs/before/products/plan.md",
     "/runs/before/compared/after", "/watch/forecast", "/watch/log", "/watch/health"],
)  # fmt: skip
def test_an_unchanged_answer_is_not_sent_again(client: TestClient, path: str) -> None:
    first = client.get(PREFIX + path)
    assert first.status_code == 200
    again = client.get(PREFIX + path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = client.get(f"{PREFIX}{path}?limit=1", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200, "another question has another answer"


def test_a_step_and_a_confirmation_change_the_etag(runs: dict[str, RunFolder], own_watch: WatchView) -> None:
    with client_of(runs, own_watch) as client:
        known = client.get(f"{PREFIX}/watch/health").headers["etag"]
        take_step(own_watch.store, STEPS, "silent")
        answer = client.get(f"{PREFIX}/watch/health", headers={"If-None-Match": known})
        assert {each["stream"]: each["condition"] for each in answer.json()}[STREAMS[0]] == "silent"
        known = client.get(f"{PREFIX}/watch/pending").headers["etag"]
        own_watch.store.confirm(CONFIRMATION["subject"], ALONE, "", START + HOUR)
        assert client.get(f"{PREFIX}/watch/pending", headers={"If-None-Match": known}).status_code == 200


def test_a_changed_file_is_sent_again(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    with client_of({"run": run}, None) as client:
        known = client.get(f"{PREFIX}/runs/run").headers["etag"]
        summary = json.loads((run.path / "summary.json").read_text())
        summary["region"]["name"] = "another site"
        (run.path / "summary.json").write_text(json.dumps(summary))
        answer = client.get(f"{PREFIX}/runs/run", headers={"If-None-Match": known})
        assert answer.json()["region"] == "another site"
