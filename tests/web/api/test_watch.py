"""The API over the watch; only a named person with the token confirms."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from strandline.watch.store import Busy, Store
from strandline.web.app import PREFIX
from strandline.web.run_folder import RunFolder
from strandline.web.watch_view import WatchView
from tests.fixtures.stores import execute
from tests.fixtures.web import BEARER, CONFIRMATION, HOUR, START, STEPS, TOKEN, client_of, fetch_all, make_watch

pytestmark = pytest.mark.slow


def test_what_is_unknown_is_null_and_never_zero(client: TestClient) -> None:
    assets = fetch_all(client, f"{PREFIX}/runs/before/assets")
    damage = [asset["properties"]["expected_annual_damage_mean"] for asset in assets]
    assert damage.count(None) == 1
    rows = client.get(f"{PREFIX}/runs/before/surge?limit=1000").json()["items"]
    assert sum(row["observed"] is None for row in rows) > 0
    forecast = client.get(f"{PREFIX}/watch/forecast").json()["rows"]
    assert "marsh" not in {row["zone"] for row in forecast}
    assert {zone["properties"]["zone"] for zone in fetch_all(client, f"{PREFIX}/runs/before/zones")} >= {"marsh"}


def test_a_confirmation_without_the_token_is_refused(runs: dict[str, RunFolder], own_watch: WatchView) -> None:
    before = own_watch.head()
    with client_of(runs, own_watch) as client:
        for authorization in (
            None,
            "",
            "Bearer",
            "Bearer wrong",
            f"Basic {TOKEN.value}",
            f"Bearer {TOKEN.value}x",
            "Bearer é",
        ):
            headers = {} if authorization is None else {"Authorization": authorization.encode("latin-1")}
            answer = client.post(f"{PREFIX}/watch/confirmations", json=CONFIRMATION, headers=headers)
            assert answer.status_code == 401, authorization
            assert answer.headers["www-authenticate"] == "Bearer"
    assert own_watch.head() == before


def test_a_confirmation_is_written_to_the_log(
    runs: dict[str, RunFolder], own_watch: WatchView, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with client_of(runs, own_watch) as client:
        answer = client.post(f"{PREFIX}/watch/confirmations", json=CONFIRMATION, headers=BEARER)
        assert answer.status_code == 201
        assert answer.json()["is_delivered"]
        (last,) = (one for one in fetch_all(client, f"{PREFIX}/watch/log") if one["kind"] == "confirmation")
        assert (last["kind"], last["data"]["person"], last["data"]["subject"]) == (
            "confirmation", "Ada Vento", CONFIRMATION["subject"],
        )  # fmt: skip
        decided = fetch_all(client, f"{PREFIX}/watch/decisions")[0]
        assert [each["person"] for each in decided["confirmations"]] == ["Ada Vento"]
        assert not list(own_watch.alerts.glob("confirmed/*")), "a decision is not a warning"
        client.post(
            f"{PREFIX}/watch/confirmations", json={**CONFIRMATION, "subject": "sella-20221121T00"}, headers=BEARER
        )
        assert [each.name for each in own_watch.alerts.glob("confirmed/*")] == ["sella-20221121T00.xml"]
    own_watch.store.verify_log()
    own_watch.store.verify_contents()
    assert TOKEN.value not in caplog.text


def test_a_confirmation_during_a_step_is_delivered_by_the_watch(
    runs: dict[str, RunFolder], own_watch: WatchView
) -> None:
    with client_of(runs, own_watch) as client, own_watch.store.step(START + STEPS * HOUR):
        answer = client.post(f"{PREFIX}/watch/confirmations", json=CONFIRMATION, headers=BEARER)
    assert (answer.status_code, answer.json()["is_delivered"]) == (201, False)


@pytest.mark.parametrize(
    "confirmation",
    [
        {**CONFIRMATION, "person": "  "},
        {**CONFIRMATION, "subject": "20221121T00/9"},
        {**CONFIRMATION, "by": "x"},
        {"person": "Ada Vento"},
        {**CONFIRMATION, "note": "x" * 2001},
        {**CONFIRMATION, "person": "a\0b"},
        [],
        "yes",
    ],
)
def test_a_confirmation_with_missing_or_extra_fields_is_refused(
    client: TestClient, watched: WatchView, confirmation: object
) -> None:
    before = watched.head()
    answer = client.post(f"{PREFIX}/watch/confirmations", json=confirmation, headers=BEARER)
    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert watched.head() == before


def test_past_forecasts_are_listed_by_lead(client: TestClient) -> None:
    hours = client.get(f"{PREFIX}/watch/forecast/history?lead_hours=6").json()["items"]
    assert len(hours) == STEPS
    assert all([row["lead_hours"] for row in hour["rows"]] == [6] for hour in hours)
    zoned = f"{PREFIX}/watch/forecast/history?since=2022-11-21T03:00:00%2B02:00"
    assert len(client.get(zoned).json()["items"]) == STEPS - 1, "a time with a zone is that moment"


def test_a_busy_store_answers_with_a_retry_time(
    runs: dict[str, RunFolder], own_watch: WatchView, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise Busy("watch.db", "another program has been writing for 5 s")

    monkeypatch.setattr(type(own_watch.store), "confirm", busy)
    before = own_watch.head()
    with client_of(runs, own_watch) as client:
        answer = client.post(f"{PREFIX}/watch/confirmations", json=CONFIRMATION, headers=BEARER)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["detail"] == "the store is busy; try again"
    assert own_watch.head() == before


def test_before_the_first_step_there_is_neither_hour_nor_forecast(runs: dict[str, RunFolder], tmp_path: Path) -> None:
    with client_of(
        {"before": runs["before"]}, watch := make_watch(runs["before"], 0, Store.open(tmp_path / "x.db"))
    ) as client:
        assert client.get(f"{PREFIX}/watch").json()["hour"] is None
        assert client.get(f"{PREFIX}/watch/forecast").json() is None
    watch.store.close()


def test_the_watch_reports_the_age_of_its_newest_step(runs: dict[str, RunFolder], watched: WatchView) -> None:
    with client_of(runs, replace(watched, clock=lambda: START + 12 * HOUR)) as client:
        assert client.get(f"{PREFIX}/watch").json()["age_hours"] == pytest.approx(8)


def test_a_forged_alert_can_be_confirmed_by_nobody_and_the_answer_names_no_path(
    runs: dict[str, RunFolder], own_watch: WatchView
) -> None:
    """On 2d0579a the alert went to ``confirmed/``."""
    forged = (
        "INSERT INTO alerts SELECT 'forged', hour, status, replace(xml, 'Exercise', 'Actual'), decision FROM alerts"
    )
    execute(own_watch.run.path / "watch.db", f"{forged} LIMIT 1")
    with client_of(runs, own_watch) as client:
        request = {**CONFIRMATION, "subject": "forged"}
        answer = client.post(f"{PREFIX}/watch/confirmations", json=request, headers=BEARER)
    assert answer.status_code == 503
    assert "the watch's store is damaged: 'forged' is not of the watch" in answer.json()["detail"]
    assert str(own_watch.run.path) not in answer.text
    assert not list(own_watch.alerts.glob("confirmed/*"))


def test_an_alert_that_was_confirmed_and_cannot_be_released_is_reported(
    runs: dict[str, RunFolder], own_watch: WatchView
) -> None:
    (own_watch.alerts / "confirmed").mkdir(parents=True)
    (own_watch.alerts / "confirmed" / "sella-20221121T00.xml").write_text("of somebody else")
    with client_of(runs, own_watch) as client:
        request = {**CONFIRMATION, "subject": "sella-20221121T00"}
        answer = client.post(f"{PREFIX}/watch/confirmations", json=request, headers=BEARER)
    assert answer.status_code == 503
    assert "the confirmation is kept, but the alert is not released" in answer.json()["detail"]
    assert str(own_watch.alerts) not in answer.text
