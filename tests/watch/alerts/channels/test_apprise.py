"""The real Apprise speaks JSON, ntfy's and Telegram's protocol to a server on this machine, which counts."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from benchmarks.agent.dispatch_kills.run import release_warning
from strandline.errors import InputError
from strandline.watch.alerts.channels import transports
from strandline.watch.alerts.channels.recipients import Recipient, Recipients
from strandline.watch.alerts.channels.transports import Apprise, channel_of
from strandline.watch.alerts.dispatch import Dispatcher
from strandline.watch.store import Store
from strandline.watch.store.records import Outgoing
from tests.fixtures.file_server import FileServer, error, file_server, says, sends_to, silent

apprise = pytest.importorskip("apprise", reason="the extra 'apprise' is not installed")
pytestmark = [
    pytest.mark.allow_hosts(["127.0.0.1"]),
    pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning"),  # of Apprise, for PGP
]
BODY = "Leave low land <now> & go *inland*.\n\u099c\u09b2\n"
MESSAGE = Outgoing(
    "k" * 32, "sella-1", "radio", "apprise", "bulletin", "bn", "",
    json.dumps({"subject": "High water \u099c", "body": BODY, "is_exercise": False}),
)  # fmt: skip
TOKEN = "123456789:abcdefghijklmnopqrstuvwxyz-abcdefgh"


@pytest.fixture(autouse=True, scope="module")
def _loaded() -> None:
    """Apprise reads its services, a second's work, when it is first used."""
    apprise.Apprise().add("json://127.0.0.1")


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Apprise waits a few seconds between two requests of a service."""
    monkeypatch.setattr("apprise.plugins.base.NotifyBase.request_rate_per_sec", 0)
    monkeypatch.setattr("apprise.plugins.telegram.NotifyTelegram.request_rate_per_sec", 0)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with file_server(b'{"ok": true, "result": {}}', "application/json") as started:
        yield started


def address(server: FileServer, kind: str = "json", rest: str = "") -> str:
    return f"{kind}://127.0.0.1:{server.server_port}/{rest}"


def outcome_at(url: str, message: Outgoing = MESSAGE) -> str:
    return Apprise("here", url).send(message).outcome


def test_a_message_arrives_whole_and_once_as_json(server: FileServer) -> None:
    assert outcome_at(address(server)) == "accepted"
    (body,) = server.bodies
    told = json.loads(body)
    assert (told["title"], told["message"].split()) == ("High water \u099c", BODY.split())


def test_a_message_arrives_whole_and_once_by_ntfy(server: FileServer) -> None:
    assert outcome_at(address(server, "ntfy", "flood")) == "accepted"
    (body,) = server.bodies
    told = json.loads(body)
    assert (told["topic"], told["title"], told["message"].split()) == ("flood", "High water \u099c", BODY.split())


def test_a_message_arrives_whole_and_once_by_telegram(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apprise.plugins.telegram.NotifyTelegram.notify_url", f"{server.url}/bot")
    assert outcome_at(f"tgram://{TOKEN}/-1001") == "accepted"
    ((path, _),) = server.requests
    assert path == f"/bot{TOKEN}/sendMessage"
    told = json.loads(server.bodies[0])
    assert (told["chat_id"], told["parse_mode"]) == (-1001, "HTML")
    assert "High water \u099c" in told["text"]
    assert "Leave low land &lt;now&gt; &amp; go *inland*." in told["text"]
    assert "\u099c\u09b2" in told["text"]


def test_telegram_that_refuses_a_chat_has_not_taken_the_message(
    server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apprise.plugins.telegram.NotifyTelegram.notify_url", f"{server.url}/bot")
    server.faults.append(error(403))
    assert outcome_at(f"tgram://{TOKEN}/-1001") == "failed"
    assert len(server.bodies) == 1


@pytest.mark.parametrize("rest", ["", "?optional=yes", "?retry=2", "?redirect=yes"])
@pytest.mark.parametrize(
    "fault", [error(500), error(404), error(429), sends_to("/thanks")], ids=["500", "404", "429", "redirect"]
)
def test_what_nobody_took_is_never_accepted_and_is_asked_once(server: FileServer, fault: object, rest: str) -> None:
    server.faults.append(fault)  # what comes after it is answered with 200
    assert outcome_at(address(server, rest=rest)) == "failed"
    assert len(server.requests) == 1


@pytest.mark.parametrize("rest", ["", "?optional=yes"])
def test_a_refused_connection_is_a_failure(rest: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert outcome_at(f"json://127.0.0.1:{port}/{rest}") == "failed"


def test_a_silent_server_is_a_failure_after_the_time_that_other_transports_wait(
    server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transports, "TIMEOUT_S", 0.05)
    server.faults.append(silent(0.3))
    assert outcome_at(address(server, rest="?rto=60&optional=yes")) == "failed"
    (service,) = Apprise("here", address(server))._service()
    assert service.request_timeout == (0.05, 0.05)


def test_a_short_message_has_no_title(server: FileServer) -> None:
    text = json.dumps({"subject": "High water", "body": "Leave.", "parts": ["Leave."], "is_exercise": False})
    message = Outgoing("k" * 32, "sella-1", "radio", "apprise", "sms", "en", "", text)
    assert outcome_at(address(server), message) == "accepted"
    told = json.loads(server.bodies[0])
    assert (told["title"], told["message"]) == ("", "Leave.")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("nothing://here", "cannot use its address"),
        ("tgram://secret", "cannot use its address"),
        (f"tgram://{TOKEN}/1/2", "names 2 receivers"),
        ("json://a.example,json://b.example", "names 2 receivers"),
        ("ntfy://127.0.0.1:1/one/two?optional=yes", "names 2 receivers"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_before_a_storm(url: str, why: str) -> None:
    one = Recipient(name="chat", transport="apprise", url=url)
    with pytest.raises(InputError, match=why) as refused:
        channel_of(one, None, httpx.Client(), {})
    assert "secret" not in str(refused.value)
    assert TOKEN not in str(refused.value)


@pytest.mark.slow
def test_the_record_of_messages_repeats_until_somebody_took_it_and_then_ends(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("strandline.watch.alerts.dispatch.FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr(transports, "TIMEOUT_S", 0.2)
    server.faults += [error(500), silent(0.4), sends_to("/thanks"), says(b"", "text/plain")]
    one = Recipient(name="chat", transport="apprise", format="sms", url=address(server, rest="?optional=yes&retry=3"))
    recipients = Recipients(mode="live", time_zone="UTC", recipient=(one,))
    with Store.open(tmp_path / "watch.db") as store:
        release_warning(store, 0)
        sender = Dispatcher(store, recipients, tmp_path / "alerts", {})
        sender.refuse_missing()
        outcomes = [sent.outcome for _ in range(6) for sent in sender.run_once()]
        assert outcomes == ["failed", "failed", "failed", "accepted"]
        assert store.verify().findings == ()
    assert len(server.bodies) == 4
    assert len(set(server.bodies)) == 1
