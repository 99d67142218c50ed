"""A deterministic script of watch hours, to test the store with."""

import os
import signal
import sys
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from time import monotonic, sleep

import numpy as np
from sqlalchemy import Engine, event

from strandline.errors import InputError
from strandline.watch.decisions import Decision, ForecastRow
from strandline.watch.readings import Health, Reading
from strandline.watch.store import AlertDraft, AlreadyDone, Busy, Signatory, Step, Store
from strandline.watch.store.records import Acknowledgement, Outcome, Outgoing

START = datetime(2022, 1, 1)
HOUR = timedelta(hours=1)
GAUGES = ("gauge east", "gauge west")
ALONE = Signatory("ada", "Ada Vento", "duty_officer", persons_needed=1)
"""The officer of a place that has one."""
ATTEMPTS: tuple[Outcome, ...] = ("begun", "failed", "begun", "accepted")
"""Of each message."""
LOCK_TIMEOUT_S = 10.0
"""Longest wait for the lock of a killed process, or for the next step of another agent [s]."""


def open_store(address: str) -> Store:
    """Open with a constant clock, so that two runs give identical rows."""
    return Store.open(address, clock=lambda: START, code_version="scripted")


def play(store: Store, alerts: Path, hours: int) -> int:
    """Write the remaining steps of the first ``hours``; return their number.

    Starts with the newest stored hour, which must be refused, and with the alerts that a killed run left to confirm and
    deliver.
    """
    newest, steps = store.read.newest_step(), 0
    confirm_alerts(store, alerts)
    for number in range(0 if newest is None else (newest.hour - START) // HOUR, hours):
        try:
            with store.step(START + number * HOUR) as step:
                write_step(step, number)
            steps += 1
        except AlreadyDone:
            continue
        confirm_alerts(store, alerts)
    return steps


def play_until_killed(address: str, alerts: Path, hours: int, killed_at: int | None) -> None:
    """Run ``play`` in this process and kill the process at moment number ``killed_at``.

    Moments are those before a statement, before a commit, and before a file of an alert is opened, renamed or removed.
    """
    moments = count(1)

    def kill_if_due(*_: object) -> None:
        if next(moments) == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def before_file_event(name: str, arguments: tuple[object, ...]) -> None:
        if name in ("open", "os.rename", "os.remove") and str(arguments[0]).startswith(str(alerts)):
            kill_if_due()

    sys.addaudithook(before_file_event)
    event.listen(Engine, "before_cursor_execute", kill_if_due)
    event.listen(Engine, "commit", kill_if_due)
    with open_store(address) as store:
        deadline, newest = monotonic() + LOCK_TIMEOUT_S, None
        while True:
            try:
                play(store, alerts, hours)
                return
            except Busy:  # another agent; or a server that releases the lock of a killed process with a delay
                if (reached := store.read.newest_step()) != newest:
                    deadline, newest = monotonic() + LOCK_TIMEOUT_S, reached
                if monotonic() > deadline:
                    raise
                sleep(0.01)


def hold_step(address: str, pipe: Pipe) -> None:
    """Begin the first step, send a message and wait without ending it."""
    with open_store(address) as store, store.step(START) as step:
        write_step(step, 0)
        pipe.send("in the step")
        signal.pause()


def confirm_alerts(store: Store, alerts: Path) -> None:
    """Confirm each pending alert ten minutes after its hour, then deliver."""
    for alert in store.read.pending(START).alerts:
        try:
            store.confirm(alert.identifier, ALONE, "seen", alert.hour + timedelta(minutes=10))
        except InputError as error:
            if "has confirmed it already" not in error.what:  # beside another agent
                raise
    store.deliver(alerts)


def send_alerts(store: Store) -> None:
    """Queue a message of each released alert, send it at the second attempt, and hear that it arrived."""
    for identifier in store.read.not_queued():
        key, at = sha256(identifier.encode()).hexdigest()[:32], START + HOUR
        message = Outgoing(key, identifier, "civil protection", "webhook", "cap", "en", "", '{"body":"go"}')
        if (doubt := store.queue_messages(identifier, "live", [message])) is not None:
            raise RuntimeError(doubt)
        (sending,) = store.read.sendings(identifier)
        for outcome in ATTEMPTS:
            sending = store.note_attempt(sending, outcome)
        store.acknowledge(Acknowledgement(identifier, "civil protection", "Cy Noor", at, "by telephone"))


def write_step(step: Step, number: int) -> None:
    """Write one entry of each kind, drawn by the number of the hour; the state depends on all earlier hours."""
    step.add_readings(readings(step.hour, number))
    recent = step.readings(step.hour - 6 * HOUR)
    state = sha256(repr((step.belief_state(), recent)).encode()).digest()
    step.put_belief_state(state)
    step.add_health(Health(gauge, step.hour, 0.0, "alive", 1.0) for gauge in GAUGES)
    probability = state[0] / 255
    step.add_forecast(
        ForecastRow("water_level", zone, step.hour + lead * HOUR, float(lead), 0.1, 0.5 + probability, 2.0, probability)
        for zone in ("", "harbour")
        for lead in range(6)
    )
    (decision,) = step.add_decisions([decision_at(step.hour, probability)])
    if number % 3 == 0:
        step.add_alerts([AlertDraft(message(f"scripted-{number}", f"{probability:.2f}"), decision)])
    step.log("reading", f"{len(recent)} readings of the last six hours", {"probability": probability})


def readings(hour: datetime, number: int) -> list[Reading]:
    """Readings of two gauges over three hours, of which two repeat or revise earlier ones; and a forecast."""
    rows = []
    for age in range(3):
        time, is_revised = hour - age * HOUR, age > 0 and (number + age) % 5 == 0
        levels = np.random.default_rng(1000 + number - age).normal(size=len(GAUGES))
        levels += 0.01 * is_revised
        rows += [Reading(gauge, "water_level", time, time, level) for gauge, level in zip(GAUGES, levels, strict=True)]
    surge = np.random.default_rng(number).normal(size=(6, 2))  # (T, M)
    rows += [
        Reading("surge forecast", "surge", hour + lead * HOUR, hour, level, "harbour", member)
        for (lead, member), level in np.ndenumerate(surge)
    ]
    return rows


def decision_at(hour: datetime, probability: float) -> Decision:
    """Close the floodgates above a probability of one half, otherwise leave them open."""
    return Decision(
        at=hour,
        action="close_floodgates",
        change="start" if probability > 0.5 else "stay_off",
        where=("harbour",),
        probability=probability,
        expected_avoided_loss=1e6 * probability,
        cost=2e5,
        onset=hour + 3 * HOUR if probability > 0.5 else None,
        is_degraded=False,
        needs_person=False,
        why="the probability compared with the cost",
        moved_by=GAUGES,
        would_change="a probability on the other side of one half",
    )


def message(identifier: str, text: str, status: str = "Exercise") -> bytes:
    """The parts of a CAP message that the store reads."""
    return (
        f"<?xml version='1.0' encoding='utf-8'?>\n<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'>"
        f"<identifier>{identifier}</identifier><status>{status}</status><note>{text}</note></alert>\n"
    ).encode()
