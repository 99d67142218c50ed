"""``python -m benchmarks.agent.dispatch_kills``: is any message lost or doubled if the sender is killed at any moment?

Two officers release warnings; a child process sends their messages to a real HTTP server of this machine and to a
folder. SIGKILL ends it again and again, in four ways in turn: after a random time (before, between or within its
transactions), by the server before it takes a request, by the server after it has taken one and before it answers –
the moment in which nobody can know – and while the answer is on its way. When the kills are done a last child finishes.

The server keeps what it takes by ``Idempotency-Key`` and counts. *Lost*: expected and never taken. *Doubled*: taken
twice. *Repeats*: requests with a key that was taken before; a server without keys would have doubled these.
"""

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from threading import Lock

import pandas as pd

from benchmarks.agent.scripted_watch import decision_at
from strandline.report.alerts.area import WarnedArea
from strandline.report.alerts.cap import CALL, FloodWarning, as_cap
from strandline.report.alerts.issuer import Issuer
from strandline.report.alerts.wording import WarningText
from strandline.watch.alerts.channels.recipients import Recipient, Recipients
from strandline.watch.alerts.dispatch import Dispatcher, messages_of
from strandline.watch.alerts.released import ReleasedWarning, read_warning
from strandline.watch.clock import utc_now
from strandline.watch.store import AlertDraft, Signatory, Store
from strandline.watch.store.records import Outcome, Outgoing

OFFICERS = (Signatory("ada", "Ada Vento", "duty_officer"), Signatory("bo", "Bo Lund", "duty_officer"))
ISSUER = Issuer("alerts.sella.example", "Harbour office")
ZONES = ("harbour", "old town", "marsh")
RING = ((45.0, 12.0), (45.1, 12.0), (45.1, 12.1), (45.0, 12.0))
RECIPIENTS_OF_A_WARNING = 6
LONGEST_S = 0.25
"""A child is killed after this time at the latest, if the server does not do it before [s]."""
WAYS = ("time", "before", "after", "answer")


@dataclass(frozen=True)
class Counts:
    """What became of the messages.

    Attributes:
        kills: children ended by SIGKILL; ``by_way``: how each was.
        messages: expected by the server, and ``files`` in the folder.
        lost, doubled: of those of the server and of the folder.
        repeats: requests with a key that the server had taken before.
        in_doubt: children killed after the server had taken a request and before the store knew.
        is_whole: the store verifies at the end.
    """

    kills: int
    by_way: dict[str, int]
    warnings: int
    messages: int
    files: int
    lost: int
    doubled: int
    repeats: int
    in_doubt: int
    is_whole: bool
    seconds: float


def recipients_of(port: int, folder: Path) -> Recipients:
    """Two webhooks, one for each zone, and a folder."""
    url = f"http://127.0.0.1:{port}/"
    return Recipients(
        mode="live", time_zone="UTC",
        recipient=(
            Recipient(name="civil protection", transport="webhook", format="cap", url=url),
            Recipient(name="sms gateway", transport="webhook", format="sms", url=url, per_zone=True),
            Recipient(name="radio", transport="webhook", format="loudspeaker", url=url),
            Recipient(name="notice board", transport="folder", folder=folder),
        ),
    )  # fmt: skip


def release_warning(store: Store, number: int, officers: Sequence[Signatory] = OFFICERS) -> str:
    """Draft a warning, and let officers confirm it; returns its identifier."""
    hour = utc_now().replace(minute=0, second=0, microsecond=0) - timedelta(days=30) + timedelta(hours=number)
    moment = pd.Timestamp(hour)
    text = WarningText("en-GB", "Coastal flood", "Leave low land", "The sea may rise.", "Where: the harbour.\nGo up.")
    warning = FloodWarning(
        identifier=f"sella-{number}", subject="sella", provenance="real", issued=moment, onset=moment,
        expires=moment + pd.Timedelta(days=90), probability=0.6, return_period=20.0, response="Evacuate", texts=(text,),
        areas=tuple(WarnedArea(zone, (RING,)) for zone in ZONES), parameters=((CALL, "Evacuate"),),
    )  # fmt: skip
    with store.step(hour) as step:
        (decision,) = step.add_decisions([decision_at(hour, 0.9)])
        (identifier,) = step.add_alerts([AlertDraft(as_cap(warning, ISSUER), decision)])
    for officer in officers:
        store.confirm(identifier, officer, "seen", hour + timedelta(minutes=5))
    return identifier


def dispatch_kills(kills: int, work: Path, seed: int) -> Counts:
    """Kill ``kills`` senders and count."""
    rng, began, by_way = random.Random(seed), time.monotonic(), Counter[str]()
    address, folder, taken = work / "watch.db", work / "board", work / "taken.jsonl"
    context = get_context("fork")
    victim, plan = context.Value("i", 0), context.Value("i", 0)
    with serving(taken, victim, plan) as port:
        recipients = recipients_of(port, folder)
        warnings = 0
        while sum(by_way.values()) < kills:
            with Store.open(address) as store:
                open_messages = [one for one in store.read.sendings() if not one.is_done]
                if not open_messages and not store.read.not_queued():
                    release_warning(store, warnings)
                    warnings += 1
            plan.value = rng.randrange(len(WAYS))
            child = context.Process(target=_send, args=(address, recipients, work / "alerts", victim))
            child.start()
            child.join(rng.uniform(0.0, LONGEST_S) if WAYS[plan.value] == "time" else 20 * LONGEST_S)
            with suppress(ProcessLookupError):
                if child.exitcode is None and child.pid is not None:
                    os.kill(child.pid, signal.SIGKILL)
            child.join()
            victim.value = 0
            if child.exitcode == -signal.SIGKILL:
                by_way[WAYS[plan.value]] += 1
            elif child.exitcode != 0:
                raise RuntimeError(f"the sender ended with {child.exitcode}")
        plan.value = -1
        _send(address, recipients, work / "alerts", None)
        with Store.open(address) as store:
            expected = [message for identifier in _released(store)
                        for message in messages_of(_warning(store, identifier), recipients, utc_now())]  # fmt: skip
            is_whole = store.verify(work / "alerts").is_whole
            states = {one.message.key: one.outcome for one in store.read.sendings()}
    return _count(expected, states, taken, folder, by_way, warnings, is_whole, time.monotonic() - began)


def _count(
    expected: list[Outgoing], states: dict[str, Outcome | None], taken: Path, folder: Path, by_way: Counter[str],
    warnings: int, is_whole: bool, seconds: float,
) -> Counts:  # fmt: skip
    events = [json.loads(line) for line in taken.read_text().splitlines()]
    kept = Counter(event["key"] for event in events if event["is_new"])
    posted = {message.key for message in expected if message.transport == "webhook"}
    filed = {message.key for message in expected if message.transport == "folder"}
    files = Counter(path.stem for path in folder.iterdir())
    unsent = {key for key in posted | filed if states.get(key) != "accepted"}
    return Counts(
        kills=sum(by_way.values()), by_way=dict(by_way), warnings=warnings, messages=len(posted), files=len(filed),
        lost=len((posted - kept.keys()) | (filed - files.keys()) | unsent),
        doubled=sum(count - 1 for count in kept.values()) + len(kept.keys() - posted) + len(files.keys() - filed),
        repeats=sum(not event["is_new"] for event in events),
        in_doubt=sum(event["killed"] == "after" for event in events),
        is_whole=is_whole, seconds=round(seconds, 1),
    )  # fmt: skip


def _released(store: Store) -> list[str]:
    return sorted({one.message.alert for one in store.read.sendings()})


def _warning(store: Store, identifier: str) -> ReleasedWarning:
    stored = store.read.released_alert(identifier)
    assert stored.release is not None
    return read_warning(stored.draft.xml, stored.release)


def _send(address: Path, recipients: Recipients, alerts: Path, victim: "Synchronized[int] | None") -> None:
    """Send until nothing is open."""
    if victim is not None:
        victim.value = os.getpid()
    with Store.open(address) as store, store.dispatching():
        dispatcher = Dispatcher(store, recipients, alerts, {})
        while True:
            dispatcher.run_once()
            if all(one.is_done for one in store.read.sendings()) and not store.read.not_queued():
                return
            time.sleep(0.05)


@contextmanager
def serving(taken: Path, victim: "Synchronized[int]", plan: "Synchronized[int]") -> Iterator[int]:
    """A server in a process of its own, which kills the sender as ``plan`` says; yields its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(taken, victim, plan))
    process = get_context("fork").Process(target=server.serve_forever, daemon=True)
    process.start()
    server.socket.close()
    try:
        yield server.server_port
    finally:
        process.terminate()
        process.join()


def _handler(taken: Path, victim: "Synchronized[int]", plan: "Synchronized[int]") -> type[BaseHTTPRequestHandler]:
    """Takes each key once, and writes what it took to disk before it answers."""
    lock, keys = Lock(), set[str]()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if len(body) < int(self.headers["Content-Length"]):
                return  # the sender was killed within its request
            way = WAYS[plan.value] if plan.value >= 0 and random.random() < 0.3 else "none"
            if way == "before":
                self._kill()
                return
            key = self.headers["Idempotency-Key"].strip('"')
            assert json.loads(body)["key"] == key
            with lock, taken.open("a", encoding="utf-8") as file:
                is_new = key not in keys
                keys.add(key)
                file.write(json.dumps({"key": key, "is_new": is_new, "killed": way}) + "\n")
            if way == "after":
                self._kill()
                return
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()
            self.wfile.flush()
            if way == "answer":
                self._kill()

        def _kill(self) -> None:
            if (pid := victim.value) > 0:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
