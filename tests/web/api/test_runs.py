"""The API over runs."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import tests.fixtures.reports as coast
from strandline.report.catalogues.place_names import PLACE_NAMES_FILE, place_names_geojson
from strandline.web.app import PREFIX
from strandline.web.run_folder import RunFolder
from tests.fixtures.web import client_of, make_run


def test_a_run_has_its_headlines_with_bounds(client: TestClient, runs: dict[str, RunFolder]) -> None:
    run = client.get(f"{PREFIX}/runs/before").json()
    assert run["region"] == "Mouth of the Sella"
    assert run["provenance"] == "simulated"
    assert run["started"] == "2026-03-02T09:15:00Z"
    damage = run["damage_per_year"]
    assert damage["p10"] < damage["mean"] < damage["p90"]
    assert run["unknown_assets"] == 1
    assert 0 < run["unknown_share"] < 1
    assert [level["return_period"] for level in run["return_levels"]] == list(coast.PERIODS)
    assert client.get(f"{PREFIX}/runs/nowhere").status_code == 404


def test_products_are_sent_unchanged(client: TestClient, runs: dict[str, RunFolder]) -> None:
    products = client.get(f"{PREFIX}/runs/before/products").json()
    names = {product["name"] for product in products}
    assert {"summary.json", "flood_depth.tif", "plan.json", "surge.csv", "zones.geojson"} <= names
    assert "watch.db" not in names
    for product in products:
        answer = client.get(f"{PREFIX}/runs/before/products/{product['name']}")
        assert answer.content == (runs["before"].path / product["name"]).read_bytes()
        assert answer.headers["content-type"] == product["media_type"]
        assert answer.headers["content-disposition"].startswith("attachment")
        assert len(answer.content) == product["bytes"]


@pytest.mark.parametrize(
    "name",
    ["../summary.json", "..%2Fsummary.json", "%2e%2e/after/summary.json", "..%252f..%252fetc/passwd", "/etc/passwd",
     "//etc/passwd", "watch.db", "own.txt", "alerts/%2e%2e/plan.json", "alerts/..%2f..%2fafter%2fplan.json",
     "alerts/x.xml/%2e%2e/%2e%2e/plan.json", "summary.json%00", "summary.json/", "SUMMARY.JSON", "linked.xml", "%2e",
     "alerts/linked.xml", "..\\summary.json", "alerts"],
)  # fmt: skip
def test_only_listed_files_are_served(client: TestClient, runs: dict[str, RunFolder], name: str) -> None:
    folder = runs["before"].path
    (folder / "own.txt").write_text("private")
    (folder / "alerts").mkdir(exist_ok=True)
    link = folder / "alerts" / "linked.xml"
    if not link.is_symlink():
        link.symlink_to("/etc/passwd")
    answer = client.get(f"{PREFIX}/runs/before/products/{name}", follow_redirects=False)
    assert answer.status_code == 404, name
    assert b"root:" not in answer.content


@pytest.mark.parametrize("run", ["%2e%2e", "%2e", "before%2f..%2fafter", "before%5c..%5cafter", "BEFORE", "nowhere"])
def test_unknown_run_names_are_refused(client: TestClient, run: str) -> None:
    assert client.get(f"{PREFIX}/runs/{run}/products/summary.json").status_code in (404, 422)


@pytest.mark.slow
def test_the_report_is_shown_without_scripts(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    (run.path / "report.html").write_text("<!doctype html><title>Report</title>")
    with client_of({"run": run}, None) as client:
        answer = client.get(f"{PREFIX}/runs/run/products/report.html")
        assert answer.headers["content-disposition"].startswith("inline")
        assert "script-src" not in answer.headers["content-security-policy"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_return_levels_and_the_forecast_of_the_peak_are_parts_of_a_run(client: TestClient) -> None:
    levels = client.get(f"{PREFIX}/runs/before/return-levels").json()
    assert levels == client.get(f"{PREFIX}/runs/before").json()["return_levels"]
    rows = client.get(f"{PREFIX}/runs/before/surge?limit=1000").json()["items"]
    peak = client.get(f"{PREFIX}/runs/before/surge?limit=1000&peak=true").json()["items"]
    assert len({row["issue_time"] for row in peak}) == 1 < len({row["issue_time"] for row in rows})
    highest = max(row["observed"] for row in rows if row["observed"] is not None)
    assert highest == max(row["observed"] for row in peak if row["observed"] is not None)


@pytest.mark.slow
def test_names_of_places_come_the_largest_first_and_a_run_without_them_has_none(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    with client_of({"run": run}, None) as client:
        assert client.get(f"{PREFIX}/runs/run/place-names").json() == {"items": [], "next": None}
        (run.path / PLACE_NAMES_FILE).write_text(place_names_geojson(coast.PLACES, ()), encoding="utf-8")
        page = client.get(f"{PREFIX}/runs/run/place-names?limit=1").json()
        assert [each["properties"]["name"] for each in page["items"]] == ["সেলা"]
        rest = client.get(f"{PREFIX}/runs/run/place-names?cursor={page['next']}").json()
        assert [each["properties"]["name"] for each in rest["items"]] == ["Borgo"]
        sent = client.get(f"{PREFIX}/runs/run/products/{PLACE_NAMES_FILE}")
        assert sent.headers["content-type"] == "application/geo+json"


@pytest.mark.slow
def test_a_run_without_zones_has_none_and_a_damaged_file_is_reported_without_its_path(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    (run.path / "zones.geojson").unlink()
    with client_of({"run": run}, None) as client:
        assert client.get(f"{PREFIX}/runs/run/zones").json()["items"] == []
        (run.path / "plan.json").write_text("{")
        answer = client.get(f"{PREFIX}/runs/run/actions")
        assert answer.status_code == 422
        assert "run `strandline run` again" in answer.json()["detail"]
        assert str(tmp_path) not in answer.text


@pytest.mark.slow
def test_no_answer_shows_a_file_that_a_link_leads_to_outside_the_run(tmp_path: Path) -> None:
    """On a49c0fa only the products were looked at; features, tables and maps of another folder were sent."""
    other, run = make_run(tmp_path / "other"), make_run(tmp_path / "run")
    linked = ("zones.geojson", "assets.geojson", "surge.csv", "flood_depth.tif", "plan.json", "zone_times.csv")
    for name in linked:
        if (run.path / name).exists():
            (run.path / name).unlink()
            (run.path / name).symlink_to(other.path / name)
    routes = ("zones", "assets", "surge", "layers/flood_depth/1.png", "layers/flood_depth/1/0/0/0.png", "actions",
              "layers", "zone-layers", "products/zones.geojson")  # fmt: skip
    with client_of({"run": run}, None) as client:
        for route in routes:
            answer = client.get(f"{PREFIX}/runs/run/{route}")
            assert answer.status_code in (404, 422), route
            assert str(tmp_path) not in answer.text
        for name in linked:
            if (run.path / name).exists():
                (run.path / name).unlink()
                (run.path / name).write_bytes((other.path / name).read_bytes())
        assert [client.get(f"{PREFIX}/runs/run/{route}").status_code for route in routes] == [200] * len(routes)
