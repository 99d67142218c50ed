"""One page and leaflets: what they say, and what they never say."""

import io
import json
from dataclasses import asdict, replace
from pathlib import Path

import docx
import numpy as np
import pytest
from matplotlib.image import imsave

import tests.fixtures.reports as coast
from strandline.errors import InputError
from strandline.planning.early_action.hindcast import evacuation_caveat
from strandline.report.documents.document import Document, Table
from strandline.report.documents.docx_file import as_docx
from strandline.report.documents.key_findings import (
    KEY_FINDINGS_FILE,
    Amount,
    Forecast,
    KeyFindings,
    key_findings,
    read_key_findings,
)
from strandline.report.documents.language import LANGUAGES, language_of
from strandline.report.documents.leaflet import leaflet, zones_of
from strandline.report.documents.map_picture import chance_map
from strandline.report.documents.one_page import how_often, one_page
from strandline.report.products import summarise, write_json
from strandline.risk.impact.lives.by_all_drivers import AddedPeople, PeopleByAllDrivers
from tests.fixtures.people import by_sea
from tests.fixtures.printed import AREA, FINDINGS, PICTURE, run_folder

EN = language_of("en")


def text_of(document: Document) -> str:
    parts = [document.title, document.subtitle, *(document.stamp or ()), document.warning]
    for section in document.sections:
        parts += [section.heading, *section.paragraphs, *section.bullets, *section.blanks, section.note]
        if section.table is not None:
            parts += [cell for row in (section.table.head, *section.table.rows) for cell in row]
    return "\n".join([*parts, *document.foot]).replace("\N{NO-BREAK SPACE}", " ")


def page(findings: KeyFindings = FINDINGS, code: str = "en") -> str:
    return text_of(one_page(findings, PICTURE, language_of(code), "Strandline 0"))


def test_the_page_answers_what_how_sure_what_to_do_when_and_who() -> None:
    text = page()
    for answer in (
        "About once in 100 years the sea reaches 2.06 m (1.91 to 2.37 m) above local mean sea level 1992.",
        "On average 9.1 km² of 18 km² of known land are then under water (8.0 to 10 km²).",
        "Of the people who live here (between 1,700 and 3,500), between 0 and 3,400 may have water at home.",
        "If it comes by night and nobody leaves, the number who may die is between 0 and 680.",
        "Floods of the sea cost €5.5 million a year on average (€66,000 to €15 million; EUR of 2010).",
        "The maps called 37% of the flooded land dry, on average over 8 storms that no model had seen.",
        "A: North quay, Polder <2>", "about 1.8 times a year", "13 h before by day, 15 h at night",
        "decide now; works after 2 years", "the municipality and the civil protection service", "the emergency service",
    ):  # fmt: skip
        assert answer in text


@pytest.mark.parametrize(
    ("code", "called"), [("en", "North quay (around Ba Tri)"), ("bn", "North quay (বা ত্রি ও আশপাশ)")]
)
def test_page_leaflet_and_map_call_a_block_by_its_place(code: str, called: str, tmp_path: Path) -> None:
    area = replace(AREA, zones=("North quay", "Mole"))
    places = {"North quay": {"": "Ba Tri", "bn": "বা ত্রি"}}
    findings = replace(FINDINGS, areas=(area,), unknown_zones=("North quay",), place_names=places)
    language = language_of(code)
    text = page(findings, code)
    assert f"A: {called}, Mole" in text
    assert text.count(called) == 2
    assert called in text_of(leaflet(findings, "North quay", area, PICTURE, language, ""))
    assert called in chance_map(run_folder(tmp_path), findings, language, "North quay").alternative
    write_json(tmp_path / KEY_FINDINGS_FILE, asdict(findings))
    assert read_key_findings(tmp_path / KEY_FINDINGS_FILE).place_names == places


def test_unknown_is_said_and_never_counts_as_safe() -> None:
    text = page()
    assert "4% of the map is unknown (hatched). Unknown does not mean safe." in text
    assert "so a person on the spot decides: Old mole. Unknown does not mean safe." in text
    nothing = replace(FINDINGS, lives=None, damage=None, missed_share=None)
    text = page(nothing)
    assert "how many are in danger is unknown" in text
    assert "What floods cost is unknown" in text
    assert "could not be measured here" in text
    assert "€" not in text.partition("What to do, by when")[0]


@pytest.mark.parametrize(
    ("trial", "words"),
    [
        (Forecast("cannot carry", 0, 1), "Do not wait for this forecast to evacuate: {} for 0 of 1 flood."),
        (Forecast("no safeguard", 3, 4), "This forecast alone is no safeguard: {} for 3 of 4 floods."),
        (Forecast("untested", 0, 0), "No past flood tests whether this forecast warns in time for evacuation."),
    ],
)
def test_a_failed_or_missing_hindcast_stands_first(trial: Forecast, words: str) -> None:
    document = one_page(replace(FINDINGS, forecast=trial), PICTURE, EN, "")
    assert document.warning.startswith(words.format("tested on past floods, it was in time"))
    assert "follow the weather service's warnings" in document.warning.lower()


def test_a_forecast_that_carries_needs_no_warning() -> None:
    for trial in (Forecast("carries", 6, 6), None):
        assert one_page(replace(FINDINGS, forecast=trial), PICTURE, EN, "").warning == ""


@pytest.mark.parametrize("code", LANGUAGES)
def test_simulated_numbers_are_stamped_in_every_language(code: str) -> None:
    whole, part = (replace(FINDINGS, simulated=kind) for kind in ("all", "part"))
    language = language_of(code)
    stamps = {one_page(each, PICTURE, language, "").stamp for each in (whole, part, FINDINGS)}
    assert len(stamps) == 3
    assert None in stamps
    zone, area = next(zones_of(FINDINGS))
    assert leaflet(whole, zone, area, PICTURE, language, "").stamp is not None
    checked = "No native speaker" in text_of(one_page(FINDINGS, PICTURE, EN, ""))
    assert not checked
    assert (
        language.text("No native speaker has checked this translation; where in doubt the English counts.")
        in page(code=code)
        or code == "en"
    )


def test_rain_and_rivers_are_named_where_they_endanger_an_area() -> None:
    area = replace(AREA, level=None, other_drivers=("rain", "river"), at_least=True, times=1.0, years=5)
    text = page(replace(FINDINGS, areas=(area,), damage_by_all_drivers=Amount(7e6, 1e5, 2e7)))
    assert "never by the sea alone" in text
    assert "at least once in 5 years, heavy rain, the river included" in text
    assert "With those of rain and rivers it is €7 million." in text
    assert "a flood as rare" not in text


def test_who_may_die_by_rain_and_rivers_stands_beside_who_may_die_by_the_sea() -> None:
    people, (population, loss) = np.tile([[200.0, 200, 300], [20, 30, 200], [1, 2, 100]], (2, 1, 1)), by_sea()
    together = PeopleByAllDrivers.of(("sea", "rain"), population, loss, AddedPeople(100.0, people, people))
    results = coast.results("real")
    impact = replace(results.impact, population=population, loss_of_life=loss, by_all_drivers=together)
    found = key_findings(replace(results, impact=impact))
    text = text_of(one_page(found, PICTURE, EN, ""))
    assert "between 100 and 800 may have water at home" in text
    assert (
        "In a flood as rare, by the sea, rain or rivers, between 300 and 1,100 may have water at home; the number who"
        " may die is between 3 and 400." in text
    )


@pytest.mark.parametrize(
    ("times", "years", "words"),
    [(1.0, 1, "about 1 time a year"), (7.0, 10, "about 7 times in 10 years"), (1.0, 5, "about once in 5 years")],
)
def test_how_often_is_written_as_people_count(times: float, years: int, words: str) -> None:
    assert how_often(replace(AREA, times=times, years=years), EN) == words
    rare = replace(AREA, times=1.0, years=1000, rare=True)
    assert how_often(rare, EN) == "more rarely than once in 1,000 years"


def test_a_leaflet_is_no_warning_and_leaves_room_for_what_the_place_knows() -> None:
    leaflets = {zone: text_of(leaflet(FINDINGS, zone, area, PICTURE, EN, "")) for zone, area in zones_of(FINDINGS)}
    assert list(leaflets) == ["North quay", "Polder <2>", "Old mole"]
    for text in leaflets.values():
        assert "This leaflet is no warning. When Harbour office of Sella warns, do what it says at once." in text
        assert "do not wait: go to high ground" in text
        assert "Our shelter or high ground" in text
        assert "Telephone (+39 000)" in text
    assert "takes up to 15 hours" in leaflets["North quay"]
    assert "more than 47 hours" in leaflets["North quay"]
    assert "Nobody knows whether this zone floods" in leaflets["Old mole"]
    assert "safe." in leaflets["Old mole"]
    assert "hours: who waits" not in leaflets["Old mole"], "no hours are known there"


def test_findings_hold_what_the_summary_and_the_plan_hold(tmp_path: Path) -> None:
    results = coast.results()
    found = key_findings(results)
    summary = json.loads(json.dumps(summarise(results), default=float))
    sea = summary["return_levels"][-1]
    assert (found.sea_level.mean, found.sea_level.low, found.sea_level.high) == (sea["p50"], sea["p10"], sea["p90"])
    land = summary["headlines"]["land_under_water"]
    assert found.flooded == Amount(land["mean"], land["p10"], land["p90"])
    assert found.unknown_share == summary["flood"]["unknown_share"] > 0
    assert found.damage is not None
    assert found.damage.mean == summary["impact"]["expected_annual_damage"]["mean"]
    assert [step.kind for step in found.steps] == [
        each.kind for each in results.plan.actions if each.kind != "continue_monitoring"
    ]
    assert found.simulated == "all"
    caveat = evacuation_caveat(results.plan.protocol, results.plan.hindcasts)
    assert (found.forecast is None or found.forecast.verdict == "carries") == (caveat == "")
    write_json(tmp_path / KEY_FINDINGS_FILE, asdict(found))
    assert read_key_findings(tmp_path / KEY_FINDINGS_FILE) == found


def test_a_file_that_is_no_findings_is_refused_with_its_field(tmp_path: Path) -> None:
    path = tmp_path / KEY_FINDINGS_FILE
    with pytest.raises(InputError, match="cannot be read"):
        read_key_findings(path)
    write_json(path, {**asdict(FINDINGS), "return_period": "often"})
    with pytest.raises(InputError, match="return_period"):
        read_key_findings(path)


def test_a_row_of_another_length_is_no_table() -> None:
    with pytest.raises(ValueError, match="a row has 1 cells, the head 2"):
        Table(("a", "b"), (("c",),), (0.5, 0.5))


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_word_file_holds_every_sentence(code: str) -> None:
    png = io.BytesIO()
    imsave(png, np.ones((4, 4, 3)), format="png")
    document = one_page(
        replace(FINDINGS, simulated="all"), replace(PICTURE, png=png.getvalue()), language_of(code), "Strandline 0"
    )
    word = docx.Document(io.BytesIO(as_docx(document)))
    cells = [cell.text for table in word.tables for row in table.rows for cell in row.cells]
    written = "\n".join([*(each.text for each in word.paragraphs), *cells])
    for section in document.sections:
        for sentence in (section.heading, *section.paragraphs, *section.bullets):
            assert sentence in written
        for row in () if section.table is None else section.table.rows:
            assert set(row) <= set(cells)
    assert document.warning in written
    assert word.core_properties.language.startswith(code)
