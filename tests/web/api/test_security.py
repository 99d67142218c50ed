"""Hosts, body sizes and security headers."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from strandline.web.api.security import MAX_BODY_SIZE
from strandline.web.app import PREFIX
from strandline.web.watch_view import WatchView
from tests.fixtures.web import ADA


def test_a_large_body_is_refused_with_or_without_a_declared_length(client: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(3):
            yield b" " * (MAX_BODY_SIZE // 2)

    url = f"{PREFIX}/watch/confirmations"
    assert client.post(url, content=b" " * (MAX_BODY_SIZE + 1), headers=ADA).status_code == 413
    assert client.post(url, content=pieces(), headers=ADA).status_code == 413
    assert client.request("GET", PREFIX, content=b" " * (MAX_BODY_SIZE + 1)).status_code == 413


@pytest.mark.parametrize("path", ["/", PREFIX, f"{PREFIX}/runs/nowhere", "/nowhere", f"{PREFIX}/watch/forecast"])
def test_every_answer_carries_the_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path, headers={"Origin": "https://evil.example"}).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "http" not in policy, "no outside origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert not [name for name in headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1", 200), ("localhost:8000", 200), ("[::1]:8000", 200), ("LOCALHOST", 200), ("evil.example", 421),
     ("127.0.0.1.evil.example", 421), ("", 421), ("[::1", 421), ("evil.example:127.0.0.1", 421),
     ("[::1].evil", 421), ("[::1]evil.example:80", 421), ("127.0.0.1:80:80", 421), ("127.0.0.1:", 421),
     ("user@127.0.0.1", 421), ("[127.0.0.1", 421)],
)  # fmt: skip
def test_only_known_hosts_are_answered(client: TestClient, host: str, status: int) -> None:
    assert client.get(PREFIX, headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    ("headers", "is_refused"),
    [
        ({}, False),
        ({"Origin": "http://127.0.0.1:8000"}, False),
        ({"Origin": "https://flood.example", "Sec-Fetch-Site": "same-origin"}, False),
        ({"Origin": "http://127.0.0.1:9999"}, True),
        ({"Origin": "http://evil.example"}, True),
        ({"Origin": "null"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-site"}, True),
    ],
)
def test_a_page_of_another_site_can_write_nothing(
    client: TestClient, watched: WatchView, headers: dict[str, str], is_refused: bool
) -> None:
    before = watched.head()
    answer = client.post(f"{PREFIX}/watch/confirmations", content="{}", headers={**ADA, **headers})
    assert (answer.status_code == 403) == is_refused
    assert answer.status_code in (403, 422)
    assert watched.head() == before
    assert client.get(PREFIX, headers=headers).status_code == 200, "reading is not writing"


EXTREME_TIMES = (
    "0001-01-01T00:00:00", "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59.999999",
    "nan", "inf", "1e400", "-1e20", "99999999999999999999", "2022-13-01", "%ED%A0%80", "%00",
)  # fmt: skip


@pytest.mark.parametrize("time", EXTREME_TIMES)
def test_extreme_times_are_refused_with_a_reason(client: TestClient, time: str) -> None:
    for route in ("readings", "decisions", "alerts", "health/history", "forecast/history"):
        for name in ("since", "until"):
            answer = client.get(f"{PREFIX}/watch/{route}?{name}={time}")
            assert answer.status_code == 422, (route, name)
            assert answer.json()["detail"]


@pytest.mark.parametrize("number", ["9223372036854775808", "1e999", "-1", "nan", "99999999999999999999999"])
def test_extreme_numbers_of_entries_are_refused(client: TestClient, number: str) -> None:
    for route in ("log", "events"):
        assert client.get(f"{PREFIX}/watch/{route}?after={number}").status_code == 422, route
    for lead in ("nan", "inf", "-inf", "1e999"):
        assert client.get(f"{PREFIX}/watch/forecast/history?lead_hours={lead}").status_code == 422
    assert client.get(f"{PREFIX}/watch/readings?variable=%00").status_code == 422
    box = f"{PREFIX}/runs/before/layers/flood_depth/1.png?bbox=nan,nan,nan,nan"
    assert client.get(box).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        b'{"subject": NaN, "note": Infinity}',
        b'{"subject": "a", "note": "\\ud800"}',
        b'{"subject": "\\udfff", "note": ["\\ud800", NaN, -Infinity]}',
        b'{"\\ud800": NaN}',
        b'"\\ud800"',
        b"\xff\xfe",
        b"[" * 8000,
        b"1e400",
        b"",
    ],
)
def test_bodies_that_are_no_json_of_ours_are_refused_with_a_reason(client: TestClient, body: bytes) -> None:
    headers = {**ADA, "Content-Type": "application/json"}
    answer = client.post(f"{PREFIX}/watch/confirmations", content=body, headers=headers)
    assert 400 <= answer.status_code < 500
    assert answer.json()["detail"]
