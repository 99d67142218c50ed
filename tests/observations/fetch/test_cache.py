"""The cache: what came whole is there with its licence, and nothing else."""

import hashlib
import json
import multiprocessing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from strandline.errors import InputError
from strandline.files import InUse
from strandline.observations.fetch.cache import Request, open_cache, read_manifest
from strandline.observations.fetch.source import CachedFile, PlannedFile, RegionSection, cached
from tests.fixtures.sources import KOYRA, TestSource

SCENE = {"path": "fetched/radar/s1.tif", "time": datetime(2022, 11, 22, 8, tzinfo=UTC)}


def fetched(folder: Path, name: str = "radar/s1.tif", content: bytes = b"II*\0 radar") -> CachedFile:
    """A file as a source leaves it in the cache."""
    to = folder / "fetched" / name
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(content)
    planned = PlannedFile("made-up", name, "https://example.org/s1.tif", "a scene", date=date(2022, 11, 22))
    return cached(TestSource(), planned, to, RegionSection("sar", {"scale": "linear", "scenes": [SCENE]}))


def test_the_manifest_states_of_each_file_what_whose_whence_and_its_checksum(tmp_path: Path) -> None:
    with open_cache(tmp_path) as cache:
        cache.add(fetched(tmp_path))
    entry = json.loads((tmp_path / "fetched/manifest.json").read_text())["files"][0]
    assert {key: entry[key] for key in ("name", "source", "licence", "attribution", "url", "size", "date")} == {
        "name": "radar/s1.tif", "source": "made-up", "licence": "CC-BY-4.0", "attribution": "Nobody",
        "url": "https://example.org/s1.tif", "size": 10, "date": {"$date": "2022-11-22"},
    }  # fmt: skip
    assert entry["sha256"] == hashlib.sha256(b"II*\0 radar").hexdigest()
    assert str(tmp_path) not in (tmp_path / "fetched/manifest.json").read_text()


def test_a_file_and_its_section_are_read_again_as_they_were(tmp_path: Path) -> None:
    with open_cache(tmp_path) as cache:
        file = fetched(tmp_path)
        cache.add(file)
        cache.remember("made-up", Request(KOYRA, (file.name, "never/came.tif")))
    with open_cache(tmp_path) as cache:
        again = cache.whole(file.name)
        assert again == file
        assert cache.known("made-up", KOYRA) == [file]
        assert cache.known("made-up", replace(KOYRA, west=89.0)) == []
    assert read_manifest(tmp_path) == {file.name: file}


@pytest.mark.parametrize("content", [b"II*\0 RADAR", b"II*\0", b""], ids=["poisoned", "truncated", "emptied"])
def test_a_file_that_is_no_longer_what_was_fetched_is_found_and_removed(tmp_path: Path, content: bytes) -> None:
    with open_cache(tmp_path) as cache:
        cache.add(fetched(tmp_path))
        cache.place("radar/s1.tif").write_bytes(content)
        assert cache.whole("radar/s1.tif") is None
        assert cache.damaged == ["radar/s1.tif"]
        assert not cache.place("radar/s1.tif").exists()


def test_a_file_that_a_user_removed_is_not_called_damaged(tmp_path: Path) -> None:
    with open_cache(tmp_path) as cache:
        cache.add(fetched(tmp_path))
        cache.place("radar/s1.tif").unlink()
        assert cache.whole("radar/s1.tif") is None
        assert cache.damaged == []


def _second(folder: Path, said: "multiprocessing.Queue[str]") -> None:
    try:
        with open_cache(folder):
            said.put("in")
    except InUse as error:
        said.put(f"{error.exit_code} {error}")


def test_a_second_fetch_while_the_first_runs_is_refused_and_may_come_later(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    said: multiprocessing.Queue[str] = context.Queue()
    with open_cache(tmp_path):
        second = context.Process(target=_second, args=(tmp_path, said))
        second.start()
        second.join(10)
        assert said.get(timeout=10).startswith("75 ")
    _second(tmp_path, said)
    assert said.get(timeout=10) == "in"


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"version": 1}', '{"version": 2, "files": [], "requests": {}}', '{"version": 1, "files": [{}]}',
     '{"version": 1, "files": 3, "requests": {}}'],
)  # fmt: skip
def test_a_damaged_manifest_is_refused_with_its_remedy(tmp_path: Path, text: str) -> None:
    (tmp_path / "fetched").mkdir()
    (tmp_path / "fetched/manifest.json").write_text(text)
    with pytest.raises(InputError, match=r"manifest\.json: is .*; (remove it|update)"), open_cache(tmp_path):
        pass


@pytest.mark.parametrize("name", ["../x.tif", "/x.tif", "a//b", ".hidden", "a/.part-b", "a\\b", "a\nb", "", "a/"])
def test_no_file_lies_outside_the_cache_or_hidden_in_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="name a path within the cache"):
        PlannedFile("made-up", name, "https://example.org/", "nothing")
    with pytest.raises(InputError, match="name a path within the cache"):
        replace(fetched(tmp_path), name=name)


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("https://x.example/a?sig=abc", "parameter 'sig'"),
        ("https://x.example/a?se=2026&X-Amz-Signature=abc", "parameter 'x-amz-signature'"),
        ("https://x.example/a?b=1&token=abc#c", "parameter 'token'"),
        ("https://me:pass@x.example/a", "a login"),
    ],
)
def test_an_address_with_a_secret_is_never_planned(url: str, what: str) -> None:
    with pytest.raises(InputError, match=f"plans an address with .*{what}|plans an address with {what}"):
        PlannedFile("made-up", "a.tif", url, "nothing")
    PlannedFile("made-up", "a.tif", "https://x.example/erddap/a.csv?time,sea_level&time>=2020", "a table")


def test_a_cache_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "fetched").symlink_to(tmp_path / "other")
    with pytest.raises(InputError, match="is a link"), open_cache(tmp_path):
        pass
