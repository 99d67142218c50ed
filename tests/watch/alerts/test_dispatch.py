"""Messages of released warnings reach each recipient once, and nothing leaves without two persons."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from benchmarks.agent.dispatch_kills.run import OFFICERS, dispatch_kills, recipients_of, release_warning
from strandline.errors import InputError
from strandline.watch.alerts.channels.recipients import Recipient, Recipients
from strandline.watch.alerts.dispatch import DRY_RUN, REPORT_AGAIN, Dispatcher
from strandline.watch.alerts.released import ReleasedWarning, read_warning
from strandline.watch.clock import utc_now
from strandline.watch.store import Busy, Store
from strandline.watch.store.records import Acknowledgement, Release
from tests.fixtures.stores import execute, unguarded

pytestmark = pytest.mark.slow


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "watch.db") as opened:
        yield opened


class Gateway:
    """A far side that answers as it is told, and remembers."""

    def __init__(self, *answers: int | type[httpx.RequestError]) -> None:
        self.answers, self.requests = list(answers), list[httpx.Request]()

    def client(self) -> httpx.Client:
        def answer(request: httpx.Request) -> httpx.Response:
            self.requests.append(request)
            told = self.answers.pop(0) if self.answers else 202
            if isinstance(told, int):
                return httpx.Response(told)
            raise told("no answer", request=request)

        return httpx.Client(transport=httpx.MockTransport(answer))


def webhook(**changes: object) -> Recipients:
    one = Recipient(name="gateway", transport="webhook", format="sms", url="https://sms.example/")
    return Recipients(**{"mode": "live", "time_zone": "UTC", "recipient": (one,), **changes})  # type: ignore[arg-type]


def dispatcher(store: Store, tmp_path: Path, recipients: Recipients, gateway: Gateway) -> Dispatcher:
    return Dispatcher(store, recipients, tmp_path / "alerts", {}, gateway.client())


def test_a_message_leaves_once_with_its_key_and_every_state_is_logged(store: Store, tmp_path: Path) -> None:
    release_warning(store, 0)
    gateway = Gateway()
    sender = dispatcher(store, tmp_path, webhook(), gateway)
    assert [one.outcome for one in sender.run_once()] == ["accepted"]
    assert sender.run_once() == []
    (request,) = gateway.requests
    body = json.loads(request.content)
    assert request.headers["idempotency-key"] == f'"{body["key"]}"'
    assert body["parts"] == ["harbour, old town and marsh: Flood warning. Leave low land at once. "
                             "Go inland or to the shelter. Harbour office."]  # fmt: skip
    logged = [entry.kind for entry in store.read.log()]
    assert logged[-5:] == ["confirmation", "release", "dispatch", "attempt", "attempt"]
    assert store.verify().findings == ()


def test_nothing_is_sent_before_the_second_person_confirms(store: Store, tmp_path: Path) -> None:
    gateway = Gateway()
    sender = dispatcher(store, tmp_path, webhook(), gateway)
    identifier = release_warning(store, 0, OFFICERS[:1])
    assert sender.run_once() == []
    assert gateway.requests == []
    store.confirm(identifier, OFFICERS[1], "agreed", utc_now())
    assert [one.outcome for one in sender.run_once()] == ["accepted"]


def test_a_forged_release_sends_nothing(store: Store, tmp_path: Path) -> None:
    identifier = release_warning(store, 0)
    execute(tmp_path / "watch.db", *unguarded(tmp_path / "watch.db", "UPDATE releases SET needed = 1"))
    gateway = Gateway()
    assert dispatcher(store, tmp_path, webhook(), gateway).run_once() == []
    assert gateway.requests == []
    assert store.read.not_queued() == [identifier]


def test_a_failure_is_tried_again_with_the_same_key_and_a_hopeless_one_is_not(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("strandline.watch.alerts.dispatch.FIRST_PAUSE_S", 0.0)
    release_warning(store, 0)
    gateway = Gateway(503, httpx.ReadTimeout, 401, 202)
    sender = dispatcher(store, tmp_path, webhook(), gateway)
    outcomes = [one.outcome for _ in range(6) for one in sender.run_once()]
    assert outcomes == ["failed", "failed", "failed", "accepted"]
    assert len({request.headers["idempotency-key"] for request in gateway.requests}) == 1
    release_warning(store, 1)
    hopeless = dispatcher(store, tmp_path, webhook(), Gateway(422))
    assert [one.outcome for _ in range(3) for one in hopeless.run_once()] == ["refused"]
    assert store.verify().findings == ()


def test_a_pause_follows_each_failure(store: Store, tmp_path: Path) -> None:
    release_warning(store, 0)
    gateway = Gateway(*[503] * 9)
    sender = dispatcher(store, tmp_path, webhook(), gateway)
    for _ in range(5):
        sender.run_once()
    assert len(gateway.requests) == 1


def test_a_message_in_doubt_is_sent_again_or_left_to_a_person_as_its_recipient_wants(
    store: Store, tmp_path: Path
) -> None:
    for number, in_doubt, outcome in ((0, "again", "accepted"), (1, "never", "refused")):
        release_warning(store, number)
        one = webhook().recipient[0].model_copy(update={"in_doubt": in_doubt})
        recipients = webhook(recipient=(one,))
        gateway = Gateway()
        sender = dispatcher(store, tmp_path, recipients, gateway)
        sender._queue(utc_now())
        (waiting,) = (each for each in store.read.sendings() if not each.is_done)
        store.note_attempt(waiting, "begun")  # and killed
        (after,) = sender.run_once()
        assert (after.outcome, len(gateway.requests)) == (outcome, int(in_doubt == "again"))


def test_a_dry_run_writes_files_and_sends_nothing(store: Store, tmp_path: Path) -> None:
    release_warning(store, 0)
    gateway = Gateway()
    recipients = recipients_of(1, tmp_path / "board").model_copy(update={"mode": "dry_run"})
    sent = dispatcher(store, tmp_path, recipients, gateway).run_once()
    assert [one.outcome for one in sent] == ["accepted"] * 6
    assert gateway.requests == []
    assert not (tmp_path / "board").exists()
    texts = [path.read_text() for path in (tmp_path / "alerts" / DRY_RUN).iterdir()]
    assert len(texts) == 6
    assert sum("<status>Draft</status>" in text for text in texts) == 1
    live = dispatcher(store, tmp_path, recipients_of(1, tmp_path / "board"), gateway)
    assert live.run_once() == [], "what was practised is not sent later"


def test_an_exercise_says_so_at_both_ends_and_in_the_status(store: Store, tmp_path: Path) -> None:
    release_warning(store, 0)
    recipients = recipients_of(1, tmp_path / "board").model_copy(update={"mode": "exercise"})
    gateway = Gateway()
    # the script's release is a month old: an exercise that late would not be sent
    sent = dispatcher(store, tmp_path, recipients, gateway).run_once()
    assert {one.detail for one in sent} == {"the exercise was released more than a day ago"}
    for one in store.read.sendings():
        content = json.loads(one.message.content)
        assert content["is_exercise"]
        if one.message.format == "cap":
            assert "<status>Exercise</status>" in content["body"]
            assert "<headline>EXERCISE Leave low land EXERCISE</headline>" in content["body"]
        else:
            assert content["body"].strip().startswith("EXERCISE")
            assert content["body"].strip().endswith("EXERCISE")


def test_only_what_is_not_done_is_read_again_to_be_sent(store: Store, tmp_path: Path) -> None:
    for number in range(2):
        release_warning(store, number)
    dispatcher(store, tmp_path, webhook(), Gateway(202, 500)).run_once()
    alerts = {one.outcome: one.message.alert for one in store.read.sendings()}
    assert set(alerts) == {"accepted", "failed"}
    assert [one.message.alert for one in store.read.sendings(unfinished=True)] == [alerts["failed"]]


def test_a_warning_that_has_expired_is_not_sent(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release_warning(store, 0)
    monkeypatch.setattr("strandline.watch.alerts.dispatch.utc_now", lambda: utc_now() + timedelta(days=200))
    gateway = Gateway()
    (sent,) = dispatcher(store, tmp_path, webhook(), gateway).run_once()
    assert (sent.outcome, sent.detail, gateway.requests) == ("refused", "the warning has expired", [])


def test_a_warning_that_cannot_be_read_is_reported_and_again_later_and_holds_up_no_other(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, whole = release_warning(store, 0), release_warning(store, 1)

    def read(xml: bytes, release: Release) -> ReleasedWarning:
        return read_warning(xml.replace(b"<info>", b"") if broken.encode() in xml else xml, release)

    monkeypatch.setattr("strandline.watch.alerts.dispatch.read_warning", read)
    sender = dispatcher(store, tmp_path, webhook(), Gateway())
    assert [(one.message.alert, one.outcome) for one in sender.run_once()] == [(whole, "accepted")]
    assert sender.run_once() == []
    (record,) = caplog.records
    assert f"nothing of '{broken}' is sent" in record.message
    assert "by hand" in record.message
    monkeypatch.setattr("strandline.watch.alerts.dispatch.utc_now", lambda: utc_now() + REPORT_AGAIN)
    sender.run_once()
    assert [each.message for each in caplog.records] == [record.message, record.message]


def test_one_program_sends_at_a_time_and_a_step_goes_on_meanwhile(store: Store, tmp_path: Path) -> None:
    with store.dispatching():
        other = Store.open(tmp_path / "watch.db")
        with other, pytest.raises(Busy, match="sends its messages"), other.dispatching():
            pass
        release_warning(store, 0)


def test_an_acknowledgement_is_logged_for_a_released_warning_alone(store: Store) -> None:
    identifier = release_warning(store, 0)
    given = Acknowledgement(identifier, "village chief", "Cy Noor", utc_now(), "by telephone")
    store.acknowledge(given)
    assert store.read.acknowledgements() == [given]
    for wrong in (replace(given, alert="sella-9"), replace(given, recipient=" ")):
        with pytest.raises(InputError):
            store.acknowledge(wrong)
    assert store.verify().findings == ()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("UPDATE messages SET content = replace(content, 'low land', 'the hill')", "the messages of 'sella-0'"),
        ("DELETE FROM attempts WHERE number = 2", "attempt 2 to send"),
        ("UPDATE acknowledgements SET recipient = 'Eve'", "the acknowledgements do not match"),
        ("UPDATE dispatches SET mode = 'dry_run'", "the messages of 'sella-0'"),
    ],
)
def test_a_changed_row_of_the_last_mile_is_found(store: Store, tmp_path: Path, change: str, what: str) -> None:
    identifier = release_warning(store, 0)
    dispatcher(store, tmp_path, webhook(), Gateway()).run_once()
    store.acknowledge(Acknowledgement(identifier, "village chief", "Cy Noor", utc_now(), ""))
    assert store.verify().findings == ()
    execute(tmp_path / "watch.db", *unguarded(tmp_path / "watch.db", change))
    assert what in str(store.verify().findings)


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_kills_between_release_and_delivery_lose_and_double_nothing(tmp_path: Path) -> None:
    counts = dispatch_kills(6, tmp_path, seed=3)
    assert counts.kills >= 6
    assert (counts.lost, counts.doubled, counts.is_whole) == (0, 0, True)
    assert counts.messages == 5 * counts.warnings
