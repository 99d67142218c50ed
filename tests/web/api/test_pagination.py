"""Pages joined together are the whole list."""

import pytest
from fastapi.testclient import TestClient

from strandline.web.app import PREFIX
from tests.fixtures.web import fetch_all


@pytest.mark.parametrize(
    "path",
    ["/runs", "/runs/before/actions", "/runs/before/assets", "/runs/before/zones", "/runs/before/surge",
     "/watch/readings", "/watch/decisions", "/watch/alerts", "/watch/health/history", "/watch/forecast/history",
     "/watch/log"],
)  # fmt: skip
@pytest.mark.parametrize("limit", [1, 3])
def test_pages_joined_together_are_the_whole_list(client: TestClient, path: str, limit: int) -> None:
    whole = client.get(f"{PREFIX}{path}?limit=1000").json()
    assert whole["next"] is None
    assert len(whole["items"]) > 1
    if path == "/runs/before/surge":  # 86 rows one by one take a second
        whole["items"], limit = whole["items"], 40 * limit
    assert fetch_all(client, f"{PREFIX}{path}", limit) == whole["items"]


@pytest.mark.parametrize("cursor", ["?", "AAAA", "MjAyMi0xMS0yMQ", "LTE", "é"])
def test_an_invalid_cursor_is_refused(client: TestClient, cursor: str) -> None:
    for path in ("/runs", "/watch/decisions", "/watch/log"):
        answer = client.get(f"{PREFIX}{path}", params={"cursor": cursor})
        assert answer.status_code == 422
        assert "leave it out" in answer.json()["detail"]
