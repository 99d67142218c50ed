"""The API over the watch; only duty officers confirm, each with their own password."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from benchmarks.agent.scripted_watch import send_alerts
from strandline.watch.alerts.accounts import save_accounts
from strandline.watch.store import Busy, Store
from strandline.web.api import sign_in
from strandline.web.app import PREFIX
from strandline.web.run_folder import RunFolder
from strandline.web.watch_view import WatchView
from tests.fixtures.stores import execute
from tests.fixtures.web import (
    ADA,
    BO,
    CONFIRMATION,
    CY,
    DEE,
    HOUR,
    PASSWORD,
    START,
    STEPS,
    accounts,
    client_of,
    fetch_all,
    make_watch,
    signed,
)

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


def test_a_confirmation_without_the_password_of_an_account_is_refused(
    runs: dict[str, RunFolder], own_watch: WatchView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "FAILURE_PAUSE_S", 0.0)
    before = own_watch.head()
    with client_of(runs, own_watch) as client:
        for headers in (
            {},
            {"Authorization": ""},
            {"Authorization": "Basic"},
            {"Authorization": "Basic ada"},
            {"Authorization": f"Bearer {PASSWORD}"},
            {"Authorization": "Basic \u00e9".encode("latin-1")},
            {"Authorization": signed("ada")["Authorization"].replace("Basic", "Bearer")},
        ):
            answer = client.post(f"{PREFIX}/watch/confirmations", json=CONFIRMATION, headers=headers)
            assert answer.status_code == 401, headers
            assert answer.headers["www-authenticate"].startswith("Form"), "a browser asks in no window of its own"
        assert own_watch.head() == before, "who says no name is not logged"
        for account, password in (
            ("ada", "wrong"), ("ada", PASSWORD.upper()), ("ada", ""), ("zoe", PASSWORD), ("nobody", ""),
            ("Ada", PASSWORD), ("Ada Vento", PASSWORD),
        ):  # fmt: skip
            answer = client.post(f"{PREFIX}/watch/confirmations", json=CONFIRMATION, headers=signed(account, password))
            assert answer.status_code == 401, account
    refused = list(own_watch.store.read.log(before[0]))
    assert [(entry.kind, entry.data["account"]) for entry in refused] == [
        ("sign-in", "ada"), ("sign-in", "an unknown account"),
    ], "each account once a minute"  # fmt: skip


@pytest.mark.parametrize(("headers", "role"), [(CY, "analyst"), (DEE, "administrator")])
def test_an_account_of_another_role_cannot_confirm(
    runs: dict[str, RunFolder], own_watch: WatchView, headers: dict[str, str], role: str
) -> None:
    before = own_watch.head()
    with client_of(runs, own_watch) as client:
        answer = client.post(f"{PREFIX}/watch/confirmations", json=CONFIRMATION, headers=headers)
    assert answer.status_code == 403
    assert role in answer.json()["detail"]
    (entry,) = own_watch.store.read.log(before[0])
    assert entry.kind == "sign-in"


def test_nobody_signs_in_another_name_and_one_person_alone_releases_no_warning(
    runs: dict[str, RunFolder], own_watch: WatchView
) -> None:
    """On a49c0fa whoever knew the token signed in any name, and one signature released a warning."""
    url, warning = f"{PREFIX}/watch/confirmations", {**CONFIRMATION, "subject": "sella-20221121T00"}
    with client_of(runs, own_watch) as client:
        assert client.post(url, json={**warning, "person": "Bo Lund"}, headers=ADA).status_code == 422
        first = client.post(url, json=warning, headers=ADA).json()
        assert (first["confirmation"]["person"], first["waits_for"]) == ("Ada Vento", 1)
        assert not list(own_watch.alerts.glob("confirmed/*"))
        again = client.post(url, json=warning, headers=ADA)
        assert again.status_code == 422
        assert "Ada Vento has confirmed it already" in again.json()["detail"]
        assert not list(own_watch.alerts.glob("confirmed/*"))
        assert client.post(url, json=warning, headers=BO).json()["waits_for"] == 0
        assert [each.name for each in own_watch.alerts.glob("confirmed/*")] == ["sella-20221121T00.xml"]
        (alert, *_) = fetch_all(client, f"{PREFIX}/watch/alerts")
        assert alert["release"]["persons"] == ["Ada Vento", "Bo Lund"]
    assert own_watch.store.verify(own_watch.alerts).findings == ()


def test_who_has_a_warning_is_recorded_once_it_is_released_by_those_who_may(
    runs: dict[str, RunFolder], own_watch: WatchView
) -> None:
    url, warning = f"{PREFIX}/watch/acknowledgements", "sella-20221121T00"
    heard = {"alert": warning, "recipient": "village chief", "note": "by telephone"}
    with client_of(runs, own_watch) as client:
        early = client.post(url, json=heard, headers=CY)
        assert (early.status_code, "no such warning was released" in early.json()["detail"]) == (422, True)
        for officer in (ADA, BO):
            client.post(f"{PREFIX}/watch/confirmations", json={"subject": warning, "note": ""}, headers=officer)
        assert client.post(url, json=heard, headers=DEE).status_code == 403
        assert client.post(url, json=heard, headers=signed("cy", "a guess that is wrong")).status_code == 401
        assert client.post(url, json=heard | {"person": "Bo Lund"}, headers=CY).status_code == 422
        assert client.post(url, json=heard | {"recipient": " "}, headers=CY).status_code == 422
        assert client.get(url).json() == []
        for by in (CY, ADA):
            assert client.post(url, json=heard, headers=by).status_code == 201
        assert [(one["alert"], one["recipient"], one["person"], one["note"]) for one in client.get(url).json()] == [
            (warning, "village chief", person, "by telephone") for person in ("Cy Noor", "Ada Vento")
        ]
    said = [entry.text for entry in own_watch.store.read.log() if entry.kind == "acknowledgement"]
    assert said == [f"village chief has {warning}, says {person}" for person in ("Cy Noor", "Ada Vento")]
    assert own_watch.store.verify(own_watch.alerts).findings == ()


def test_messages_are_listed_with_their_state_and_no_address(runs: dict[str, RunFolder], own_watch: WatchView) -> None:
    warning = "sella-20221121T00"
    with client_of(runs, own_watch) as client:
        for officer in (ADA, BO):
            client.post(f"{PREFIX}/watch/confirmations", json={"subject": warning, "note": ""}, headers=officer)
        send_alerts(own_watch.store)
        (message,) = client.get(f"{PREFIX}/watch/messages").json()
    assert (message["alert"], message["outcome"], message["tries"]) == (warning, "accepted", 2)
    assert not {"content", "url", "address"} & message.keys()


def test_an_account_that_is_removed_confirms_no_more_at_once(runs: dict[str, RunFolder], own_watch: WatchView) -> None:
    users = own_watch.store.locations.users
    assert users is not None
    with client_of(runs, own_watch) as client:
        save_accounts(users, accounts().without("ada"))
        assert client.post(f"{PREFIX}/watch/confirmations", json=CONFIRMATION, headers=ADA).status_code == 401
        users.chmod(0o644)
        answer = client.post(f"{PREFIX}/watch/confirmations", json=CONFIRMATION, headers=BO)
        assert answer.status_code == 422
        assert "others may read or write it" in answer.json()["detail"]
        assert str(users.parent) not in answer.json()["detail"]


def test_only_users_may_read_where_the_server_is_told_so(runs: dict[str, RunFolder], own_watch: WatchView) -> None:
    with client_of(runs, own_watch, only_users=True) as client:
        for path in ("/", PREFIX, f"{PREFIX}/watch/events", "/static/x/dashboard.js"):
            assert client.get(path).status_code == 401
        assert "content-security-policy" in client.get("/").headers
        assert client.get("/", headers=CY).status_code == 200
        assert client.get(PREFIX, headers=CY).status_code == 200
        assert client.get(PREFIX, headers=signed("cy", "wrong")).status_code == 401


def test_a_confirmation_is_written_to_the_log(
    runs: dict[str, RunFolder], own_watch: WatchView, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with client_of(runs, own_watch) as client:
        answer = client.post(f"{PREFIX}/watch/confirmations", json=CONFIRMATION, headers=ADA)
        assert answer.status_code == 201
        assert answer.json()["is_delivered"]
        (last,) = (one for one in fetch_all(client, f"{PREFIX}/watch/log") if one["kind"] == "confirmation")
        assert (last["data"]["person"], last["data"]["account"], last["data"]["subject"]) == (
            "Ada Vento", "ada", CONFIRMATION["subject"],
        )  # fmt: skip
        decided = fetch_all(client, f"{PREFIX}/watch/decisions")[0]
        assert [each["person"] for each in decided["confirmations"]] == ["Ada Vento"]
        assert not list(own_watch.alerts.glob("confirmed/*")), "a decision is not a warning"
    own_watch.store.verify_log()
    own_watch.store.verify_contents()
    assert PASSWORD not in caplog.text


def test_a_confirmation_during_a_step_is_delivered_by_the_watch(
    runs: dict[str, RunFolder], own_watch: WatchView
) -> None:
    with client_of(runs, own_watch) as client, own_watch.store.step(START + STEPS * HOUR):
        answer = client.post(f"{PREFIX}/watch/confirmations", json=CONFIRMATION, headers=ADA)
    assert (answer.status_code, answer.json()["is_delivered"]) == (201, False)


@pytest.mark.parametrize(
    "confirmation",
    [
        {**CONFIRMATION, "person": "Ada Vento"},
        {**CONFIRMATION, "subject": "20221121T00/9"},
        {**CONFIRMATION, "by": "x"},
        {"note": "seen"},
        {**CONFIRMATION, "note": "x" * 2001},
        {**CONFIRMATION, "note": "a\0b"},
        [],
        "yes",
    ],
)
def test_a_confirmation_with_missing_or_extra_fields_is_refused(
    client: TestClient, watched: WatchView, confirmation: object
) -> None:
    before = watched.head()
    answer = client.post(f"{PREFIX}/watch/confirmations", json=confirmation, headers=ADA)
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
        answer = client.post(f"{PREFIX}/watch/confirmations", json=CONFIRMATION, headers=ADA)
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
        answer = client.post(f"{PREFIX}/watch/confirmations", json=request, headers=ADA)
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
        client.post(f"{PREFIX}/watch/confirmations", json=request, headers=BO)
        answer = client.post(f"{PREFIX}/watch/confirmations", json=request, headers=ADA)
    assert answer.status_code == 503
    assert "the confirmation is kept, but the alert is not released" in answer.json()["detail"]
    assert str(own_watch.alerts) not in answer.text
