"""The routes of the application."""

import pytest
from fastapi.testclient import TestClient

from strandline.web.app import PREFIX
from strandline.web.run_folder import RunFolder
from tests.fixtures.web import ADA, BEARER, CONFIRMATION, client_of

pytestmark = pytest.mark.slow


def test_every_route_has_the_version_prefix_and_a_description(client: TestClient) -> None:
    described = client.get(f"{PREFIX}/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert all(path.startswith(PREFIX) for path in described["paths"])
    service = client.get(PREFIX).json()
    assert service == {"version": described["info"]["version"], "runs": ["before", "after"], "has_watch": True}
    for path, methods in described["paths"].items():
        for method, route in methods.items():
            assert route["description"], (method, path)
            (content,) = (each.get("content", {}) for code, each in route["responses"].items() if code.startswith("2"))
            for schema in (each.get("schema") for kind, each in content.items() if kind == "application/json"):
                assert schema, f"{path} has no schema of its answer"


SIGNED = {f"{PREFIX}/watch/confirmations", f"{PREFIX}/watch/acknowledgements"}
"""With the password of an account; all other writing needs the token."""
OF_WORKS = {
    ("post", f"{PREFIX}/runs/{{run}}/works/answers"), ("post", f"{PREFIX}/runs/{{run}}/works/confirmations"),
    ("delete", f"{PREFIX}/runs/{{run}}/works/confirmations/{{key}}"), ("post", f"{PREFIX}/runs/{{run}}/strategies"),
    ("post", f"{PREFIX}/runs/{{run}}/strategies/{{key}}/choice"),
}  # fmt: skip


def test_only_signatures_and_drawn_works_write_and_each_of_them_is_refused_to_a_stranger(client: TestClient) -> None:
    paths = client.get(f"{PREFIX}/openapi.json").json()["paths"]
    writing = {(method, path) for path, methods in paths.items() for method in methods if method != "get"}
    assert writing == {("post", path) for path in SIGNED} | OF_WORKS
    for method, path in writing:
        for of_another in ({}, BEARER if path in SIGNED else ADA):
            asked = client.request(method, path.format(run="before", key="a"), json=CONFIRMATION, headers=of_another)
            assert asked.status_code == 401, (method, path, of_another)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert client.request(method, f"{PREFIX}/runs/before").status_code == 405
        assert client.request(method, f"{PREFIX}/watch/log").status_code == 405


def test_without_a_watch_its_routes_are_missing(runs: dict[str, RunFolder]) -> None:
    with client_of(runs, None) as client:
        assert client.get(f"{PREFIX}/watch/forecast").status_code == 404
        assert client.post(f"{PREFIX}/watch/confirmations", json=CONFIRMATION, headers=ADA).status_code == 404
