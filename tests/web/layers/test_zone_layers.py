"""What a run knows of its zones, as layers of the map."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from strandline.web.app import PREFIX
from strandline.web.run_folder import RunFolder
from tests.fixtures.web import client_of, make_run

pytestmark = pytest.mark.slow


def layers_of(client: TestClient) -> dict[tuple[str, float], dict]:
    found = client.get(f"{PREFIX}/runs/before/zone-layers").json()
    return {(each["quantity"], each["return_period"]): each for each in found}


def test_each_quantity_has_a_layer_for_each_sea_level(client: TestClient) -> None:
    assert list(layers_of(client)) == [
        ("people_in_danger", 100.0), ("arrival", 10.0), ("standing", 10.0), ("arrival", 100.0), ("standing", 100.0),
    ]  # fmt: skip


def test_unknown_none_and_a_number_are_told_apart(client: TestClient) -> None:
    layers = layers_of(client)
    people, arrival = layers["people_in_danger", 100.0]["values"], layers["arrival", 10.0]["values"]
    assert (people["harbour"]["low"], people["harbour"]["value"]) == (12.0, 340.0)
    assert (people["old town"]["value"], people["old town"]["is_known"]) == (0.0, True)
    assert (people["marsh"]["value"], people["marsh"]["is_known"]) == (None, False)
    assert arrival["harbour"]["value"] == -2.0, "two hours after the highest sea"
    assert (arrival["old town"]["value"], arrival["old town"]["is_known"]) == (None, True), "in no simulated storm"
    assert (arrival["marsh"]["value"], arrival["marsh"]["is_known"]) == (None, False)
    standing = layers["standing", 100.0]
    assert standing["values"]["harbour"]["has_no_end"] is True
    assert [each["has_no_end"] for each in standing["legend"]] == [False, False, False, True]


def test_the_sooner_and_the_longer_the_darker(client: TestClient) -> None:
    for (quantity, _), layer in layers_of(client).items():
        edges = [each["above"] for each in layer["legend"] if not each["has_no_end"]]
        assert edges == sorted(edges), quantity
        brightness = [sum(int(each["colour"][i : i + 2], 16) for i in (1, 3, 5)) for each in layer["legend"]]
        assert brightness == sorted(brightness, reverse=True), quantity


def test_a_run_without_people_or_times_has_no_layer_of_them(tmp_path: Path, runs: dict[str, RunFolder]) -> None:
    run = make_run(tmp_path / "before")
    (run.path / "flood_times.csv").unlink()
    text = (run.path / "zones.geojson").read_text()
    (run.path / "zones.geojson").write_text(text.replace("people_in_danger_high", "people"))
    with client_of({"before": run}, None) as client:
        assert layers_of(client) == {}
        (run.path / "flood_times.csv").write_text("zone,return_period\nharbour,soon\n")
        answer = client.get(f"{PREFIX}/runs/before/zone-layers")
        assert (answer.status_code, "run `strandline run` again" in answer.json()["detail"]) == (422, True)
