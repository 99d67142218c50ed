"""Hosts, body sizes and security headers."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from strandline.web.api.security import MAX_BODY_SIZE
from strandline.web.app import PREFIX
from tests.fixtures.web import (
    BEARER,
)


def test_a_large_body_is_refused_with_or_without_a_declared_length(client: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(3):
            yield b" " * (MAX_BODY_SIZE // 2)

    url = f"{PREFIX}/watch/confirmations"
    assert client.post(url, content=b" " * (MAX_BODY_SIZE + 1), headers=BEARER).status_code == 413
    assert client.post(url, content=pieces(), headers=BEARER).status_code == 413
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
     ("127.0.0.1.evil.example", 421), ("", 421), ("[::1", 200), ("evil.example:127.0.0.1", 421)],
)  # fmt: skip
def test_only_known_hosts_are_answered(client: TestClient, host: str, status: int) -> None:
    assert client.get(PREFIX, headers={"Host": host}).status_code == status
