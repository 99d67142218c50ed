"""Hours of a watch that are the same each time they are played: what a store is tried with."""

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

from strandline.watch.decisions import Decision, ForecastRow
from strandline.watch.readings import Health, Reading
from strandline.watch.store import AlertDraft, AlreadyDone, Busy, Step, Store

START = datetime(2022, 1, 1)
HOUR = timedelta(hours=1)
GAUGES = ("gauge east", "gauge west")
PATIENCE_S = 10.0
"""For the lock of a process that was killed [s]."""


def open_store(address: str) -> Store:
    """With a clock that stands still, so that two runs are the same to the last row."""
    return Store.open(address, clock=lambda: START, code_version="scripted")


def play(store: Store, alerts: Path, hours: int) -> int:
    """Play what is left of the first ``hours``; returns how many steps that were.

    It begins with the newest hour, which must be refused, and with what a killed run left to be confirmed and written.
    """
    newest, steps = store.read.newest_step(), 0
    settle(store, alerts)
    for number in range(0 if newest is None else (newest.hour - START) // HOUR, hours):
        try:
            with store.step(START + number * HOUR) as step:
                fill(step, number)
            steps += 1
        except AlreadyDone:
            continue
        settle(store, alerts)
    return steps


def play_and_die(address: str, alerts: Path, hours: int, dies_at: int | None) -> None:
    """Play in a process of its own that is killed at its moment number ``dies_at``.

    Moments are those before a statement, before a commit, and before a file of an alert is opened, renamed or removed.
    """
    moments, give_up = count(1), monotonic() + PATIENCE_S

    def die(*_: object) -> None:
        if next(moments) == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def die_before(what: str, about: tuple[object, ...]) -> None:
        if what in ("open", "os.rename", "os.remove") and str(about[0]).startswith(str(alerts)):
            die()

    sys.addaudithook(die_before)
    event.listen(Engine, "before_cursor_execute", die)
    event.listen(Engine, "commit", die)
    with open_store(address) as store:
        while True:
            try:
                play(store, alerts, hours)
                return
            except Busy:  # a server needs a moment to see that the process before is gone
                if monotonic() > give_up:
                    raise
                sleep(0.01)


def hold(address: str, pipe: Pipe) -> None:
    """Begin the first step, say so, and never end it."""
    with open_store(address) as store, store.step(START) as step:
        fill(step, 0)
        pipe.send("in the step")
        signal.pause()


def settle(store: Store, alerts: Path) -> None:
    """A person confirms each alert ten minutes after its hour, and it is written."""
    for alert in store.read.pending(START).alerts:
        store.confirm(alert.identifier, "Ada Vento", "seen", alert.hour + timedelta(minutes=10))
    store.deliver(alerts)


def fill(step: Step, number: int) -> None:
    """All that a step can hold, drawn by the number of its hour; the state depends on everything before it."""
    step.add_readings(readings(step.hour, number))
    known = step.readings(step.hour - 6 * HOUR)
    state = sha256(repr((step.belief_state(), known)).encode()).digest()
    step.put_belief_state(state)
    step.add_health(Health(gauge, step.hour, 0.0, "alive", 1.0) for gauge in GAUGES)
    chance = state[0] / 255
    step.add_forecast(
        ForecastRow("water_level", zone, step.hour + lead * HOUR, float(lead), 0.1, 0.5 + chance, 2.0, chance)
        for zone in ("", "harbour")
        for lead in range(6)
    )
    (decision,) = step.add_decisions([decision_at(step.hour, chance)])
    if number % 3 == 0:
        step.add_alerts([AlertDraft(message(f"scripted-{number}", f"{chance:.2f}"), decision)])
    step.log("reading", f"{len(known)} readings are known", {"chance": chance})


def readings(hour: datetime, number: int) -> list[Reading]:
    """Three hours of two gauges: two of them repeat what was said, now and then with another value; and a forecast."""
    said = []
    for age in range(3):
        time, is_revised = hour - age * HOUR, age > 0 and (number + age) % 5 == 0
        levels = np.random.default_rng(1000 + number - age).normal(size=len(GAUGES))
        levels += 0.01 * is_revised
        said += [Reading(gauge, "water_level", time, time, level) for gauge, level in zip(GAUGES, levels, strict=True)]
    ahead = np.random.default_rng(number).normal(size=(6, 2))  # (T, M)
    said += [
        Reading("surge forecast", "surge", hour + lead * HOUR, hour, level, "harbour", member)
        for (lead, member), level in np.ndenumerate(ahead)
    ]
    return said


def decision_at(hour: datetime, chance: float) -> Decision:
    """To close the floodgates, or to leave them."""
    return Decision(
        at=hour,
        action="close_floodgates",
        change="start" if chance > 0.5 else "stay_off",
        where=("harbour",),
        probability=chance,
        expected_avoided_loss=1e6 * chance,
        cost=2e5,
        onset=hour + 3 * HOUR if chance > 0.5 else None,
        is_degraded=False,
        needs_person=False,
        why="the chance against the cost",
        moved_by=GAUGES,
        would_change="a chance on the other side of one half",
    )


def message(identifier: str, text: str, status: str = "Exercise") -> bytes:
    """As much of a CAP message as a store looks at."""
    return (
        f"<?xml version='1.0' encoding='utf-8'?>\n<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'>"
        f"<identifier>{identifier}</identifier><status>{status}</status><note>{text}</note></alert>\n"
    ).encode()
