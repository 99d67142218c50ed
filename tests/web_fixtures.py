"""Two finished runs of a made-up coast, and a watch that has taken some steps there."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from fastapi.testclient import TestClient
from shapely import box, to_geojson
from shapely.affinity import translate

import report_fixtures as coast
from strandline.report.alerts import FloodWarning, as_cap
from strandline.report.facts import Issuer
from strandline.report.products import write_products
from strandline.watch.decisions import Decision
from strandline.watch.outlook import OutlookRow
from strandline.watch.readings import Condition, Health, Reading
from strandline.watch.store import AlertDraft, Store
from strandline.web.api import create_app
from strandline.web.run_folder import RunFolder
from strandline.web.token import Token
from strandline.web.watched import Watched

START = datetime(2022, 11, 21)
HOUR = timedelta(hours=1)
STREAMS = ("Sella mole", "Offshore tower")
ZONES = ("harbour", "old town", "marsh")
"""Of the marsh nothing is known."""
ACTION = "evacuate_low_lying_areas"
DECISION = "20221121T00/0"
"""The evacuation of the first hour."""
TOKEN = Token("a token that only tests know", is_new=False)


def client_of(runs: dict[str, RunFolder], watched: Watched | None) -> TestClient:
    """A browser beside a dashboard of these runs; what the server raises, it raises."""
    clock = watched.clock if watched else lambda: START
    app = create_app(runs, watched, TOKEN, {"127.0.0.1", "localhost", "::1"}, clock)
    return TestClient(app, base_url="http://127.0.0.1:8000")


def make_run(folder: Path, likelier: float = 0.0) -> RunFolder:
    """A run whose flood probabilities are higher by ``likelier``."""
    findings = coast.findings("simulated")
    probability = np.clip(findings.hazard.flood_probability + np.float32(likelier), 0, 1)
    folder.mkdir()
    write_products(folder, replace(findings, hazard=replace(findings.hazard, flood_probability=probability)))
    (folder / "zones.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": zones()}))
    return RunFolder(folder.name, folder)


def zones() -> list[dict[str, object]]:
    first = box(12.80, 45.59, 12.82, 45.61)
    shares = (0.0, 0.25, 1.0)
    return [
        {
            "type": "Feature",
            "properties": {"zone": name, "unknown_share": share},
            "geometry": json.loads(to_geojson(translate(first, 0.02 * number))),
        }
        for number, (name, share) in enumerate(zip(ZONES, shares, strict=True))
    ]


def make_watch(run: RunFolder, steps: int, store: Store | None = None) -> Watched:
    """A watch of the run's place after some hourly steps; its clock stands twenty minutes after the last."""
    opened = store or Store.open(run.path / "watch.db", clock=lambda: START, code_version="test")
    for number in range(steps):
        take_step(opened, number)
    clock = START + (steps - 1) * HOUR + timedelta(minutes=20)
    return Watched(run, opened, lambda: clock, run.path / "watch-alerts")


def take_step(store: Store, number: int, condition: Condition = "alive", change: str = "keep") -> None:
    """The first hour starts an evacuation; every third one drafts a warning; the first stream is as told."""
    with store.step(START + number * HOUR) as step:
        now, is_heard = step.hour, condition == "alive"
        step.add_readings(
            Reading(stream, "water_level", now, now, 0.5 + 0.05 * number) for stream in STREAMS[not is_heard :]
        )
        step.add_health(
            Health(stream, now, 0.0, condition if stream == STREAMS[0] else "alive", 1.0 if is_heard else None)
            for stream in STREAMS
        )
        step.add_outlook(_sea(now, number))
        step.add_outlook(
            OutlookRow("flooded_share", name, now + lead * HOUR, float(lead), 0.0, 0.1, 0.4, chance)
            for lead in (6, 12, 24, 48)
            for name, chance in (("harbour", lead / 50), ("old town", 0.0))
        )
        (decided, _) = step.add_decisions([_decision(now, "start" if number == 0 else change), _monitoring(now)])
        if number % 3 == 0:
            step.add_alerts([AlertDraft(_warning(now), decided)])


def _sea(now: datetime, number: int) -> list[OutlookRow]:
    return [
        OutlookRow("water_level", "", now + lead * HOUR, float(lead), 0.4, 0.5 + 0.02 * lead + 0.05 * number,
                   0.8 + 0.04 * lead, min(0.01 * lead, 1.0))
        for lead in range(49)
    ]  # fmt: skip


def _decision(now: datetime, change: str) -> Decision:
    return Decision(
        at=now, action=ACTION, change=change, where=("harbour",), probability=0.42, expected_avoided_loss=None,  # type: ignore[arg-type]
        cost=None, onset=now + 12 * HOUR, is_degraded=False, needs_person=False,
        why="a chance of 42% that the sea passes 1.18 m", moved_by=STREAMS, would_change="a chance below 10 %",
    )  # fmt: skip


def _monitoring(now: datetime) -> Decision:
    return Decision(
        at=now, action="continue_monitoring", change="keep", where=(), probability=None, expected_avoided_loss=None,
        cost=None, onset=None, is_degraded=False, needs_person=False, why="the sea stands as its tide",
        moved_by=(), would_change="never: it goes on always",
    )  # fmt: skip


def _warning(now: datetime) -> bytes:
    moment = pd.Timestamp(now)
    warning = FloodWarning(
        f"sella-{now:%Y%m%dT%H}", ACTION, "simulated", moment, moment, moment, 0.42, 10.0, "Coastal flood",
        "High water", "The sea may pass 1.18 m.", "Confirm the forecast first.", "Evacuate", "Sella",
        ((45.6, 12.8), (45.61, 12.8), (45.61, 12.82), (45.6, 12.8)),
    )  # fmt: skip
    return as_cap(warning, Issuer("alerts.sella.example", "Harbour office"))
