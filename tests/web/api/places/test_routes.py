"""The API of places: who may do what, creation, checks, jobs that end with their children, scenarios."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from strandline.observations.region_file import examine_region_file
from strandline.web.api.places.schemas import LARGEST_REGION_FILE
from strandline.web.places import jobs
from strandline.web.places.place_folder import PlaceFolder, Places, open_places
from tests.fixtures.region_files import REGION_FILE
from tests.fixtures.storm_place import make_storm_place
from tests.fixtures.web import ADA, CY, DEE, EVE, client_of, make_run

pytestmark = pytest.mark.slow

URL = "/api/v1/places"
NEAR = {"name": "Koyra", "near": {"latitude": 22.34, "longitude": 89.3, "size": 20}}


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return open_places(tmp_path / "places")


@pytest.fixture(autouse=True)
def no_low_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job gives way to all else, so that beside other work it would take ten times as long."""
    monkeypatch.setattr(jobs, "_PROGRAM", f"import os; os.nice = lambda _: 0; {jobs._PROGRAM}")


@pytest.fixture
def client(places: Places) -> Iterator[TestClient]:
    with client_of({}, None, places=places) as opened:
        yield opened


@pytest.fixture
def handmade(places: Places, tmp_path: Path) -> PlaceFolder:
    return make_storm_place(places, tmp_path / "made")


def job_of(client: TestClient, kind: str, file: str = "handmade") -> dict[str, Any]:
    files = client.get(f"{URL}/handmade").json()["files"]
    found: dict[str, Any] = next(each for each in files if each["name"] == file)["jobs"].get(kind, {})
    return found


def wait_for(ready: Callable[[], Any], seconds: float = 240.0) -> Any:
    give_up = time.monotonic() + seconds
    while not (found := ready()):
        assert time.monotonic() < give_up
        time.sleep(0.1)
    return found


def start(client: TestClient, kind: str, **more: object) -> dict[str, Any]:
    begun = client.post(f"{URL}/handmade/jobs", json={"file": "handmade", "kind": kind, **more}, headers=CY)
    assert begun.status_code == 202, begun.text
    found: dict[str, Any] = begun.json()
    return found


def has_observed(client: TestClient) -> bool:
    """Whether the run has left its first stage; it fails with the job."""
    job = job_of(client, "run")
    assert job["state"] == "running", job
    return job["stage"] not in ("", "observe")


def ended(client: TestClient, kind: str) -> dict[str, Any]:
    job = wait_for(lambda: (found := job_of(client, kind))["state"] != "running" and found)
    assert isinstance(job, dict)
    return job


def members(session: int) -> set[int]:
    """Processes of a session that live; a child that nobody has waited for is none."""
    listed = subprocess.run(["ps", "-e", "-o", "pid=,sess=,stat="], capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in listed.splitlines())
    return {int(pid) for pid, of, state in rows if int(of) == session and not state.startswith("Z")}


def session_of_worker(text: str = "web.places.worker") -> int:
    """The session of this test's worker; without `-ww` lines end after 80 characters, before the name of the module."""
    command = ["ps", "-ww", "--ppid", str(os.getpid()), "-o", "pid=,args="]
    listed = subprocess.run(command, capture_output=True, text=True)
    return next((int(line.split()[0]) for line in listed.stdout.splitlines() if text in line), 0)


@pytest.mark.parametrize(("header", "status"), [(None, 401), (EVE, 403), (ADA, 403)])
def test_only_an_analyst_or_an_administrator_makes_places_and_starts_jobs(
    client: TestClient, handmade: PlaceFolder, header: dict[str, str] | None, status: int
) -> None:
    scenario = {"base": "handmade", "name": "a", "changes": {"planning.budget": 1e6}}
    for path, body in (
        ("", NEAR),
        ("/handmade/jobs", {"file": "handmade", "kind": "check"}),
        ("/handmade/scenarios", scenario),
    ):
        assert client.post(URL + path, json=body, headers=header).status_code == status
    assert client.delete(f"{URL}/handmade/jobs", headers=header).status_code == status
    assert client.get(URL).json()["running"] is None
    assert [each["key"] for each in client.get(URL).json()["places"]] == ["handmade"]


def test_a_place_is_made_from_a_point_or_a_box_and_no_key_is_taken_twice(client: TestClient, places: Places) -> None:
    for header, body, key in (
        (CY, NEAR, "koyra"), (DEE, {"name": "Koyra", "box": [89.2, 22.2, 89.5, 22.5]}, "koyra-2"),
        (CY, {"name": "বাঁধ", "box": [89.2, 22.2, 89.5, 22.5]}, "place"),
    ):  # fmt: skip
        made = client.post(URL, json=body, headers=header)
        assert (made.status_code, made.json()["place"]) == (201, key)
    assert 'crs = "EPSG:32645"' in client.get(f"{URL}/koyra/files/koyra").text
    assert [each["name"] for each in client.get(URL).json()["places"]] == ["Koyra", "Koyra", "বাঁধ"]
    assert client.get("/", follow_redirects=False).headers["location"] == "/places"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"name": "a", "near": {"latitude": 91, "longitude": 0}}, "latitude"),
        ({"name": "a", "box": [10, 10, 9, 11]}, "west and east swapped"),
        ({"name": "a", "box": [0, 0, 90, 80]}, "at most 40,000 km2"),
        ({"name": "a"}, "give either"),
        ({"name": "a", "text": "region ="}, "TOML"),
        ({"name": "a\nb", "text": ""}, "name"),
        ({"name": "a", "text": "#" * (LARGEST_REGION_FILE + 1)}, "text"),
        ({"name": "a", "text": REGION_FILE.replace("dem.tif", "/etc/passwd")}, "leads out of the place's folder"),
        (
            {"name": "a", "text": REGION_FILE.replace("levels.csv", "../b/levels.csv")},
            "leads out of the place's folder",
        ),
        ({"name": "a", "text": REGION_FILE + '[planning]\nscenarios = "../../x.toml"\n'}, "leads out"),
    ],
)
def test_what_is_no_place_is_refused_and_leaves_nothing(
    client: TestClient, places: Places, body: dict[str, object], says: str
) -> None:
    refused = client.post(URL, json=body, headers=CY)
    assert refused.status_code == 422
    assert says in refused.text
    assert str(places.folder) not in refused.text
    assert [path.name for path in places.folder.iterdir()] == ["watch.db.users"]


def test_a_region_file_may_be_larger_than_other_bodies_and_no_more_than_that(client: TestClient) -> None:
    assert client.post(URL, json={"name": "a", "text": REGION_FILE + "#" * 100_000}, headers=CY).status_code == 201
    assert client.post(URL, content=b" " * 1_100_000, headers=CY).status_code == 413
    assert client.post(f"{URL}/a/scenarios", content=b" " * 40_000, headers=CY).status_code == 413


@pytest.mark.parametrize("path", ["nowhere", "..%2f..", "handmade/files/nothing", "handmade/files/..%2fplaces"])
def test_only_places_and_their_region_files_are_shown(client: TestClient, handmade: PlaceFolder, path: str) -> None:
    assert client.get(f"{URL}/{path}").status_code in (404, 422)


def test_a_link_out_of_the_folder_is_followed_by_no_job(
    client: TestClient, handmade: PlaceFolder, tmp_path: Path
) -> None:
    """Somebody with access to the server put it there, or a program that unpacks archives."""
    (tmp_path / "secret.csv").write_text("a secret")
    (handmade.folder / "levels.csv").unlink()
    (handmade.folder / "levels.csv").symlink_to(tmp_path / "secret.csv")
    start(client, "check")
    job = ended(client, "check")
    assert job["state"] == "failed"
    assert "leads out of the place's folder" in job["fault"]["what"]
    assert str(tmp_path) not in str(job)


def test_a_check_says_what_is_there_what_is_missing_and_what_that_costs(
    client: TestClient, handmade: PlaceFolder
) -> None:
    begun = start(client, "check")
    assert (begun["state"], begun["person"]) == ("running", "Cy Noor")
    refused = client.post(f"{URL}/handmade/jobs", json={"file": "handmade", "kind": "run"}, headers=CY)
    assert refused.status_code == 409
    job = ended(client, "check")
    assert job["state"] == "done", job
    streams = {each["name"]: each for each in job["result"]["streams"]}
    assert streams["tide_gauge: Pier"]["state"] == "present"
    assert streams["sar"]["state"] == "absent"
    assert streams["sar"]["cost_of_absence"]
    assert job["result"]["verdict"]["runs"] is True
    assert str(handmade.folder) not in str(job)


def test_a_run_is_cancelled_with_all_its_children_and_goes_on_after_a_restart_of_the_server(
    places: Places, handmade: PlaceFolder
) -> None:
    """Real stages of a real run: the first checkpoint is there when it is cancelled."""
    with client_of({}, None, places=places) as client:
        start(client, "run")
        session = wait_for(session_of_worker)
        wait_for(lambda: has_observed(client))
        assert len(members(session)) >= 2, "the process that reads foreign files is a child"
        ended_job = client.delete(f"{URL}/handmade/jobs", headers=DEE).json()
        assert ended_job["state"] == "cancelled"
        assert members(session) == set()
        place = client.get(f"{URL}/handmade").json()["files"][0]
        assert (place["run"], place["is_unfinished"]) == (None, True)
        assert not (handmade.out("handmade") / "summary.json").exists()
        (observed,) = handmade.out("handmade").glob(".unfinished/*/observe.stage")
        written = observed.stat().st_mtime_ns
        start(client, "run", resume=True)
        session = wait_for(session_of_worker)
    assert wait_for(lambda: members(session) == set(), 10), "the job ends with its server"
    with client_of({}, None, places=places) as client:
        assert job_of(client, "run")["state"] == "interrupted"
        start(client, "run", resume=True)
        wait_for(lambda: has_observed(client))
        assert observed.stat().st_mtime_ns == written, "the stage that was done is read back"
        assert client.get(URL).json()["running"]["share"] > 0.04, "and counts as done"
        client.delete(f"{URL}/handmade/jobs", headers=CY)


def test_a_job_does_not_outlive_a_server_that_is_killed(places: Places, handmade: PlaceFolder) -> None:
    program = (
        "import sys; from pathlib import Path; from strandline.web.places.jobs import Jobs;"
        "from strandline.web.places.place_folder import open_places; from datetime import datetime; import time;"
        "places = open_places(Path(sys.argv[1])); jobs = Jobs(lambda: datetime(2022, 11, 21));"
        "jobs.start(places.find('handmade'), 'handmade', 'run', 'Cy', {'resume': False});"
        "print(jobs._running._process.pid, flush=True); time.sleep(600)"
    )
    command = [os.sys.executable, "-c", program, str(places.folder)]  # type: ignore[attr-defined]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    session = int(server.stdout.readline())
    assert members(session)
    time.sleep(0.5)
    server.send_signal(signal.SIGKILL)
    server.wait()
    server.stdout.close()
    assert wait_for(lambda: members(session) == set(), 30)
    with client_of({}, None, places=places) as client:
        assert job_of(client, "run")["state"] == "interrupted"


def test_a_finished_run_of_a_place_is_served_and_a_damaged_one_is_not(
    client: TestClient, places: Places, handmade: PlaceFolder
) -> None:
    handmade.out("handmade").parent.mkdir()
    made = make_run(handmade.out("handmade"))
    assert client.get(f"{URL}/handmade").json()["files"][0]["run"] == "handmade"
    assert client.get("/api/v1/runs/handmade").status_code == 200
    assert client.get("/?run=handmade").status_code == 200
    (made.path / "plan.json").write_text("{}")
    with client_of({}, None, places=places) as again:
        assert again.get(f"{URL}/handmade").json()["files"][0]["run"] is None
        assert again.get("/api/v1/runs/handmade").status_code == 404


def test_a_scenario_is_saved_beside_the_old_file_and_never_over_one(client: TestClient, handmade: PlaceFolder) -> None:
    before = handmade.region_file("handmade").read_bytes()
    changes = {"planning.budget": 2e6, "planning.discount_rate": 0.02, "scenarios.return_periods": [10, 100]}
    body = {"base": "handmade", "name": "Less money", "changes": changes}
    saved = client.post(f"{URL}/handmade/scenarios", json=body, headers=CY)
    assert (saved.status_code, saved.json()["file"]) == (201, "handmade-less-money")
    assert handmade.region_file("handmade").read_bytes() == before
    region_file, faults = examine_region_file(handmade.region_file("handmade-less-money"))
    assert faults == []
    assert region_file is not None
    assert region_file.planning is not None
    assert (region_file.planning.budget, region_file.planning.discount_rate) == (2e6, 0.02)
    again = client.post(f"{URL}/handmade/scenarios", json=body, headers=CY)
    assert again.status_code == 422
    assert "not overwritten" in again.json()["detail"]
    assert [each["name"] for each in client.get(f"{URL}/handmade").json()["files"]] == [
        "handmade",
        "handmade-less-money",
    ]
    form = client.get(f"{URL}/handmade/files/handmade-less-money/scenario").json()["fields"]
    rate = next(each for each in form if each["key"] == "planning.discount_rate")
    assert (rate["value"], rate["low"], rate["high"], rate["otherwise"]) == (0.02, -0.05, 0.2, 0.03)


def test_a_scenario_that_the_check_would_refuse_is_refused_with_every_fault(
    client: TestClient, handmade: PlaceFolder
) -> None:
    changes = {"planning.budget": -1, "planning.discount_rate": 2, "scenarios.return_periods": [100, 10]}
    body = {"base": "handmade", "name": "nonsense", "changes": changes}
    refused = client.post(f"{URL}/handmade/scenarios", json=body, headers=CY)
    assert refused.status_code == 422
    found = " ".join(f"{each['where']} {each['what']}" for each in refused.json()["faults"])
    for word in ("planning.budget", "planning.discount_rate", "return_periods"):
        assert word in found
    assert handmade.files == ["handmade"]
    assert not list(handmade.folder.glob(".*"))
