"""`strandline new --place`: one question to a gazetteer, said beforehand; a person decides where names are shared."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_main import strandline
from tests.fixtures.data_services import DataService, Reply, serving_data

Capture = pytest.CaptureFixture[str]


def entry(name: str, latitude: float, longitude: float, kind: str = "town") -> dict[str, object]:
    return {"display_name": name, "lat": str(latitude), "lon": str(longitude), "addresstype": kind}


KOYRA = [entry("Koyra, Khulna, Bangladesh", 22.34, 89.30), entry("Koyra Upazila, Khulna", 22.36, 89.31, "county")]


@pytest.fixture
def gazetteer(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[DataService]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving_data() as running:
        yield running


def new(
    gazetteer: DataService, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, *found: dict[str, object]
) -> tuple[int, str]:
    gazetteer.reply("/search", Reply(json.dumps(found), kind="application/json"))
    (folder / "mirrors.toml").write_text(f'nominatim = "{gazetteer.address}"\n')
    return strandline(
        monkeypatch, capsys, "new", "--place", "Koyra, Bangladesh", "--size", 30, "--out", folder / "koyra.toml",
        "--mirrors", folder / "mirrors.toml",
    )  # fmt: skip


def test_a_name_becomes_a_box_by_one_question_that_is_said_beforehand(
    gazetteer: DataService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    code, out = new(gazetteer, tmp_path, monkeypatch, capsys, *KOYRA)
    assert code == 0, out
    assert f"asking {gazetteer.address.removeprefix('http://')} for 'Koyra, Bangladesh'; nothing else" in out
    assert len(gazetteer.asked) == 1
    text = (tmp_path / "koyra.toml").read_text()
    region = tomllib.loads(text)["region"]
    assert (region["name"], region["crs"], region["cell_size"]) == ("Koyra", "EPSG:32645", 200.0)
    assert "# In its middle lies Koyra, Khulna, Bangladesh (town); © OpenStreetMap contributors" in text


def test_a_name_of_several_places_is_refused_with_all_of_them(
    gazetteer: DataService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    code, out = new(gazetteer, tmp_path, monkeypatch, capsys, KOYRA[0], entry("Koyra, Tangail, Bangladesh", 24.3, 90.0))
    assert code == 2
    for part in (
        "may be one of 2 places",
        '--near "22.3400, 89.3000" Koyra, Khulna',
        '--near "24.3000, 90.0000" Koyra',
    ):
        assert part in out
    assert not (tmp_path / "koyra.toml").exists()


def test_a_silent_gazetteer_or_an_unknown_name_leaves_nothing_and_a_file_that_exists_is_not_asked_for(
    gazetteer: DataService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    code, out = new(gazetteer, tmp_path, monkeypatch, capsys)
    assert (code, "is not in" in out) == (2, True)
    assert not (tmp_path / "koyra.toml").exists()
    (tmp_path / "koyra.toml").write_text("mine")
    code, out = new(gazetteer, tmp_path, monkeypatch, capsys, *KOYRA)
    assert (code, "is not overwritten" in out, len(gazetteer.asked)) == (2, True, 1)
