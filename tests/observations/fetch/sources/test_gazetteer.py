"""Places by name: GeoNames' table, and Nominatim."""

import json
import zipfile
from pathlib import Path

import pytest

from strandline.errors import FeedError, InputError
from strandline.observations.fetch.sources.places.gazetteer import find_places
from tests.fixtures.data_services import DataService, Reply, asking


def row(name: str, plain: str, others: str, latitude: float, longitude: float, people: int, kind: str = "P") -> str:
    cells = [
        "1",
        name,
        plain,
        others,
        str(latitude),
        str(longitude),
        kind,
        "PPL",
        "BD",
        "",
        "",
        "",
        "",
        "",
        str(people),
    ]
    return "\t".join([*cells, "", "3", "Asia/Dhaka", "2020-01-01"])


TABLE = "\n".join(
    [
        row("Koyra", "Koyra", "Koira,Kayra,কয়রা", 22.34, 89.30, 5000),
        row("Koyra", "Koyra", "", 25.0, 88.0, 90000),
        row("Bến Tre", "Ben Tre", "", 10.24, 106.37, 124449),
        row("Koyra River", "Koyra River", "Koyra", 22.3, 89.2, 0, "H"),
    ]
)


def test_a_place_is_found_in_the_users_table_however_it_is_spelled(tmp_path: Path) -> None:
    table = tmp_path / "BD.txt"
    table.write_text(TABLE, encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "BD.zip", "w") as archive:
        archive.write(table, "BD.txt")
    with asking("gazetteer") as client:
        for path in (table, tmp_path / "BD.zip"):
            found = find_places("koyra", client, path)
            assert [each.people for each in found] == [90000, 5000]  # a person chooses; the river is no town
            assert [each.latitude for each in find_places("Kayra", client, path)] == [22.34]
            assert find_places("BEN  TRE", client, path)[0].name == "Bến Tre, BD"
        with pytest.raises(InputError, match="'Atlantis': is not in"):
            find_places("Atlantis", client, table)
        with pytest.raises(InputError, match="is no name"):
            find_places(" - ", client, table)


def test_nominatim_is_asked_once_by_a_program_that_says_who_it_is(service: DataService) -> None:
    answer = [{"display_name": "Koyra, Khulna", "lat": "22.34", "lon": "89.30", "type": "town", "addresstype": "town"}]
    service.reply("/search", Reply(json.dumps(answer), kind="application/json"))
    with asking("gazetteer") as client:
        (place,) = find_places("Koyra", client, address=service.address)
    assert (place.longitude, place.latitude, place.kind) == (89.30, 22.34, "town")
    assert "OpenStreetMap" in place.attribution
    ((_, asked),) = service.asked
    assert (asked["q"], asked["format"]) == ("Koyra", "jsonv2")
    assert service.agents[0].startswith("strandline/")


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (Reply("[]", kind="application/json"), InputError, "is not in"),
        (Reply('{"error": "x"}', kind="application/json"), FeedError, "without places"),
        (Reply("blocked", 403), FeedError, "answers 403"),
    ],
)
def test_a_place_that_cannot_be_had_is_said(service: DataService, reply: Reply, error: type, words: str) -> None:
    service.reply("/search", reply)
    with asking("gazetteer") as client, pytest.raises(error, match=words):
        find_places("Koyra", client, address=service.address)


@pytest.mark.parametrize("content", [b"a\tb\n", b"PK\x03\x04 no zip"])
def test_a_table_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / ("x.zip" if content.startswith(b"PK") else "x.txt")
    path.write_bytes(content)
    with asking("gazetteer") as client, pytest.raises(InputError, match="GeoNames"):
        find_places("Koyra", client, path)
