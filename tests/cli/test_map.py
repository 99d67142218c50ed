"""`strandline map`: which of its two maps is meant, and what a user types wrongly."""

import json
from pathlib import Path

import pytest

from tests.cli.test_main import Capture, strandline
from tests.fixtures.lakes import lake, radar_of, write_bands

pytestmark = pytest.mark.slow

Patch = pytest.MonkeyPatch


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return write_bands(tmp_path / "S1A_20200110T080000.tif", radar_of(lake(32)))


def test_one_image_and_nothing_else_is_mapped(image: Path, tmp_path: Path, monkeypatch: Patch, capsys: Capture) -> None:
    code, said = strandline(monkeypatch, capsys, "map", "--radar-after", image, "--out", tmp_path / "out")
    assert code == 0
    assert "zero-shot" in said
    assert "images mapped by: Vision Transformer on radar; boosted trees on radar" in said
    assert "km² under water (between" in said
    facts = json.loads((tmp_path / "out" / "flood.json").read_text(encoding="utf-8"))
    assert facts["time"] == "2020-01-10T08:00:00Z"


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ((), "neither a region nor an image"),
        (("--radar-after", "image", "--return-period", "10"), "belongs to return levels"),
        (("--radar-after", "image", "--resume"), "belongs to return levels"),
        (("--radar-after", "image", "--at", "yesterday-ish"), "is no time"),
        (("--radar-after", "image", "--at", "2099-01-01T00:00"), "lies in the future"),
        (("--optical-after", "image", "--optical-bands", "green"), "is no list of numbers"),
        (("--radar-after", "missing.tif"), "No such file"),
        (("--radar-after", "image", "--networks", "nowhere"), "does not exist"),
        (("wide.toml", "--networks", "nowhere"), "belongs to the map of a moment"),
    ],
)
def test_what_is_typed_wrongly_is_named(
    image: Path, tmp_path: Path, monkeypatch: Patch, capsys: Capture, typed: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = [image if each == "image" else each for each in typed]
    code, said = strandline(monkeypatch, capsys, "map", *arguments, "--out", tmp_path / "out")
    assert code == 2
    assert message in said
    assert not (tmp_path / "out").exists()


def test_a_moment_is_written_to_a_folder_alone(image: Path, monkeypatch: Patch, capsys: Capture) -> None:
    code, said = strandline(monkeypatch, capsys, "map", "--radar-after", image, "--out", "s3://bucket/now")
    assert (code, "name a folder" in said) == (2, True)
