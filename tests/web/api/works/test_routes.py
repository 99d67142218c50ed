"""The API of drawn works: answers, confirmations by the solver, strategies and the choice."""

import io
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from strandline.cli.main import app as command_line
from strandline.pipeline.run_folder.generations import open_run
from strandline.planning.plan_schema import check_plan
from strandline.web.run_folder import RunFolder, open_runs
from tests.fixtures.trial_grounds import add_trial_ground, gap_feature, on_coast, ring_feature, works
from tests.fixtures.web import BEARER, client_of, make_run

pytestmark = pytest.mark.slow

RUN = "/api/v1/runs/own"
RING = works(ring_feature(1.8))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return add_trial_ground(make_run(tmp_path_factory.mktemp("works") / "own"))


@pytest.fixture
def folder(made: RunFolder, tmp_path: Path) -> Path:
    shutil.copytree(made.path, tmp_path / "own")
    return tmp_path / "own"


@pytest.fixture
def client(folder: Path) -> Iterator[TestClient]:
    with client_of({"own": RunFolder("own", folder)}, None) as opened:
        yield opened


def answer(client: TestClient, drawn: dict[str, object]) -> dict[str, Any]:
    found = client.post(f"{RUN}/works/answers", json=drawn, headers=BEARER)
    assert found.status_code == 200, found.text
    result: dict[str, Any] = found.json()
    return result


def confirmed(client: TestClient, drawn: dict[str, object]) -> dict[str, Any]:
    begun = client.post(f"{RUN}/works/confirmations", json=drawn, headers=BEARER)
    assert begun.status_code == 202, begun.text
    give_up = time.monotonic() + 600  # only reached if it never ends; it has low priority on a busy machine
    while True:
        state: dict[str, Any] = client.get(f"{RUN}/works/confirmations/{begun.json()['id']}").json()
        if state["state"] != "running":
            return state
        assert time.monotonic() < give_up
        time.sleep(0.1)


def test_a_ring_dike_spares_its_inside_and_a_gap_takes_that_back(client: TestClient) -> None:
    closed, open_ = (answer(client, each) for each in (RING, works(ring_feature(1.8), gap_feature())))
    avoided = [each["outcome"]["futures"][0]["change"]["avoided"]["mean"] for each in (closed, open_)]
    assert avoided[0] > 0
    assert avoided[1] == pytest.approx(0, abs=1e-6)
    assert closed["cost"] == 2e6
    assert closed["outcome"]["method"] == "still water"
    assert any("Still water without time" in note for note in closed["outcome"]["notes"])
    assert [each["name"] for each in closed["outcome"]["futures"]] == ["today", "+0.5 m"]
    assert {zone["verdict"] for zone in closed["outcome"]["zones"]} <= {"gains", "same"}


def test_the_pictures_show_the_inside_dry_after_the_works_and_wet_before(client: TestClient) -> None:
    scene = next(each for each in answer(client, RING)["scenes"] if each["return_period"] == 10)
    (west, north), (east, south) = on_coast(13, 13), on_coast(18, 18)
    box = f"?bbox={west},{south},{east},{north}&width=40&height=40"
    before, after = (
        np.asarray(Image.open(io.BytesIO(client.get(scene[when] + box).content)).convert("RGB"), dtype=int)
        for when in ("before", "after")
    )
    assert (before[..., 2] > before[..., 0] + 20).all()  # blue
    assert (abs(after[..., 2] - after[..., 0]) <= 20).all()  # land


def test_nothing_is_computed_or_written_without_the_token_or_for_a_page_of_another_site(client: TestClient) -> None:
    saved = {"name": "A", "author": "Ada Vento", "works": RING}
    for path, body in (("works/answers", RING), ("works/confirmations", RING), ("strategies", saved),
                       ("strategies/a/choice", {"person": "Ada Vento"})):  # fmt: skip
        assert client.post(f"{RUN}/{path}", json=body).status_code == 401
        foreign = {**BEARER, "Origin": "https://elsewhere.example"}
        assert client.post(f"{RUN}/{path}", json=body, headers=foreign).status_code == 403
    own = {**BEARER, "Origin": "http://127.0.0.1:8000"}
    assert client.post(f"{RUN}/works/answers", json=RING, headers=own).status_code == 200


def line(*points: tuple[float, float], **properties: object) -> dict[str, object]:
    shape = {"type": "LineString", "coordinates": points}
    return {"type": "Feature", "geometry": shape, "properties": {"kind": "embankment", "crest": 2.0} | properties}


@pytest.mark.parametrize(
    "drawn",
    [
        {"type": "FeatureCollection", "features": [1]},
        works(line((12.0, 10.0), (12.1, 10.0))),
        works(line(on_coast(3, 3), on_coast(3, 3))),
        works(line(on_coast(3, 3), (500.0, 0.0))),
        works(line(on_coast(3, 3), on_coast(5, 3), crest="high")),
        works(line(on_coast(3, 3), on_coast(5, 3), crest=1e9)),
        works(line(on_coast(3, 3), on_coast(5, 3), kind="moat")),
        works(line(on_coast(3, 3), on_coast(5, 3), cost=-1)),
        works(gap_feature()),
        works(*[line(on_coast(3, 3), on_coast(5, 3))] * 41),
        works({"type": "Feature", "properties": {"kind": "retreat_zone"},
               "geometry": {"type": "Polygon",
                            "coordinates": [[on_coast(*c) for c in ((3, 3), (6, 6), (6, 3), (3, 6), (3, 3))]]}}),
    ],
)  # fmt: skip
def test_nonsense_is_refused_in_words(client: TestClient, drawn: dict[str, object]) -> None:
    refused = client.post(f"{RUN}/works/answers", json=drawn, headers=BEARER)
    assert refused.status_code == 422
    assert refused.json()["detail"]


def test_numbers_that_json_does_not_know_and_huge_bodies_are_refused(client: TestClient) -> None:
    text = json.dumps(RING).replace("1.8", "NaN")
    headers = {**BEARER, "Content-Type": "application/json"}
    assert client.post(f"{RUN}/works/answers", content=text, headers=headers).status_code == 422
    assert client.post(f"{RUN}/works/answers", content=" " * 40_000, headers=headers).status_code == 413


def test_a_run_without_trial_ground_says_so(runs: dict[str, RunFolder]) -> None:
    with client_of({"own": runs["before"]}, None) as client:
        place = client.get(f"{RUN}/works").json()
        assert not place["is_available"]
        assert "older version" in place["why_not"]
        refused = client.post(f"{RUN}/works/answers", json=RING, headers=BEARER)
        assert refused.status_code == 422


def test_strategies_are_saved_listed_and_replaced_by_name(client: TestClient, folder: Path) -> None:
    for name, author in (("Ring", "Ada Vento"), ("বাঁধ", "Rina Das"), ("Ring", "Bo Lind")):
        body = {"name": name, "author": author, "works": RING}
        assert client.post(f"{RUN}/strategies", json=body, headers=BEARER).status_code == 201
    (folder / "strategies" / "broken.json").write_text("{")
    found = client.get(f"{RUN}/strategies").json()
    assert sorted((each["strategy"]["name"], each["strategy"]["author"]) for each in found["items"]) == [
        ("Ring", "Bo Lind"), ("বাঁধ", "Rina Das"),
    ]  # fmt: skip
    assert found["damaged"] == ["broken.json"]
    assert all(each["is_of_this_run"] and not each["is_chosen"] for each in found["items"])
    open_run(folder)


@pytest.mark.parametrize("name", ["", " ", "a\x00b", "x" * 81])
def test_a_strategy_needs_a_name_in_plain_characters(client: TestClient, name: str) -> None:
    body = {"name": name, "author": "Ada Vento", "works": RING}
    assert client.post(f"{RUN}/strategies", json=body, headers=BEARER).status_code == 422


def test_a_strategy_that_the_solver_has_not_confirmed_is_not_chosen(client: TestClient, folder: Path) -> None:
    saved = client.post(
        f"{RUN}/strategies", json={"name": "Ring", "author": "Ada Vento", "works": RING}, headers=BEARER
    )
    before = (folder / "plan.json").read_bytes()
    refused = client.post(f"{RUN}/strategies/{saved.json()['key']}/choice", json={"person": "Bo Lind"}, headers=BEARER)
    assert refused.status_code == 422
    assert "solver" in refused.json()["detail"]
    assert (folder / "plan.json").read_bytes() == before
    assert client.post(f"{RUN}/strategies/none/choice", json={"person": "Bo Lind"}, headers=BEARER).status_code == 422


def test_the_solver_confirms_and_a_person_chooses_and_the_run_stays_whole(client: TestClient, folder: Path) -> None:
    from typer.testing import CliRunner

    begun = client.post(f"{RUN}/works/confirmations", json=works(ring_feature(1.7)), headers=BEARER).json()
    client.delete(f"{RUN}/works/confirmations/{begun['id']}", headers=BEARER)
    state = confirmed(client, RING)  # one that was cancelled is not in its way
    assert (state["state"], state["progress"]) == ("done", 1.0)
    outcome = state["answer"]["outcome"]
    assert outcome["method"] == "solver"
    assert outcome["futures"][0]["change"]["avoided"]["mean"] > 0
    assert client.get(state["answer"]["scenes"][0]["after"]).status_code == 200

    saved = client.post(
        f"{RUN}/strategies", json={"name": "Ring", "author": "Ada Vento", "works": RING}, headers=BEARER
    ).json()
    assert saved["strategy"]["solver"]["method"] == "solver"
    chosen = client.post(f"{RUN}/strategies/{saved['key']}/choice", json={"person": "Bo Lind"}, headers=BEARER)
    assert chosen.status_code == 200, chosen.text
    plan = json.loads((folder / "plan.json").read_text())
    assert plan["chosen_strategy"]["chosen_by"] == "Bo Lind"
    assert plan["chosen_strategy"]["author"] == "Ada Vento"
    assert plan["chosen_strategy"]["chosen_at"].endswith("Z")
    assert check_plan(folder / "plan.json") == []
    assert (folder / "plan.md").read_text().count("Bo Lind chose the strategy “Ring” of Ada Vento on ") == 1
    open_run(folder)
    open_runs([folder])
    (listed,) = client.get(f"{RUN}/strategies").json()["items"]
    assert listed["is_chosen"]
    linted = CliRunner().invoke(command_line, ["lint", str(folder / "plan.json")])
    assert linted.exit_code == 0, linted.output


def test_a_confirmation_can_be_cancelled_and_only_one_runs(client: TestClient) -> None:
    begun = client.post(f"{RUN}/works/confirmations", json=RING, headers=BEARER).json()
    other = client.post(f"{RUN}/works/confirmations", json=works(ring_feature(1.7)), headers=BEARER)
    assert other.status_code == 409
    ended = client.delete(f"{RUN}/works/confirmations/{begun['id']}", headers=BEARER).json()
    assert ended["state"] == "cancelled"
    assert client.get(f"{RUN}/works/confirmations/{begun['id']}").json()["answer"] is None
    other = client.post(f"{RUN}/works/confirmations", json=works(ring_feature(1.7)), headers=BEARER).json()
    assert other["state"] == "running"
    client.delete(f"{RUN}/works/confirmations/{other['id']}", headers=BEARER)
