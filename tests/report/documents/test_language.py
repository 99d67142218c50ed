"""Sentences, numbers, money and dates in each language."""

import io
import re
import string
import tomllib
from datetime import date
from importlib.resources import files

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from strandline.errors import InputError
from strandline.report.documents.key_findings import Amount, Between
from strandline.report.documents.language import CHECKED, LANGUAGES, SPACE, language_of

TRANSLATED = [code for code in LANGUAGES if code != "en"]
Message = str | tuple[str, ...]


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def sentences_of_the_code() -> set[Message]:
    folder = str(files("strandline.report.documents"))
    found = extract_from_dir(folder, method_map=[("**.py", "python")], keywords={"text": None, "plural": (1, 2)})
    return {message for _, _, message, _, _ in found}


def titles_of_the_catalogue() -> set[Message]:
    text = (files("strandline.planning") / "data" / "measures.toml").read_text(encoding="utf-8")
    entries = [entry for rows in tomllib.loads(text).values() for entry in rows if isinstance(entry, dict)]
    return {entry[key] for entry in entries for key in ("title", "who") if key in entry}


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_sentence_and_every_title_is_translated_with_its_fields(code: str) -> None:
    source = files("strandline.report.documents") / "languages" / f"{code}.po"
    catalogue = read_po(io.BytesIO(source.read_bytes()), locale=code)
    given = {message.id: message for message in catalogue if message.id}
    assert not [message.id for message in given.values() if message.fuzzy]
    wanted = sentences_of_the_code() | titles_of_the_catalogue()
    assert len(wanted) > 100
    assert wanted - given.keys() == set(), "not translated"
    for identifier, message in given.items():
        of = identifier if isinstance(identifier, tuple) else (identifier,)
        forms = message.string if isinstance(message.string, tuple | list) else (message.string,)
        assert len(forms) == (catalogue.num_plurals if len(of) > 1 else 1)
        for form in forms:
            assert form, identifier
            assert fields(form) == fields(of[-1]), identifier


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_language_writes_numbers_as_its_readers_do(code: str) -> None:
    language = language_of(code)
    expected = {
        "en": ("1,300", "€5.5 million", "€66,000", "−€51 million", "37%", "1 December 2026", "between 0 and 34,000",
               "1.91 to 2.37 m", "0.052"),
        "bn": ("১,৩০০", "৫৫ লাখ€", "৬৬,০০০€", "−৫.১ কোটি€", "৩৭%", "১ ডিসেম্বর, ২০২৬", "০ থেকে ৩৪,০০০",
               "১.৯১ থেকে ২.৩৭ মিটার", "০.০৫২"),
        "vi": ("1.300", "5,5 triệu €", "66.000 €", "−51 triệu €", "37%", "1 tháng 12, 2026", "từ 0 đến 34.000",
               "1,91 đến 2,37 m", "0,052"),
    }[code]  # fmt: skip
    written = (
        language.number(1323.0), language.money(5.5e6, "EUR"), language.money(66_000.0, "EUR"),
        language.money(-5.1e7, "EUR"), language.percent(0.37), language.date(date(2026, 12, 1)),
        language.people(Between(0, 34_000)), language.metres_between(Amount(2.06, 1.91, 2.37)), language.number(0.0523),
    )  # fmt: skip
    assert tuple(each.replace(SPACE, " ") for each in written) == expected


@pytest.mark.parametrize("code", LANGUAGES)
@given(share=st.floats(0, 1))
def test_a_share_is_never_written_as_certain_unless_it_is(code: str, share: float) -> None:
    text = language_of(code).percent(share)
    assert (text in {"0%", "100%", "০%", "১০০%"}) == (share in (0.0, 1.0))


@given(value=st.floats(1e-3, 1e7))
def test_two_digits_of_a_number_are_kept(value: float) -> None:
    written = float(language_of("en").number(value).replace(",", ""))
    assert written == pytest.approx(value, rel=0.0501)


def test_bengali_has_no_latin_digit_in_numbers() -> None:
    language = language_of("bn")
    for text in (language.year(2010), language.count(1_234_567), language.level(1.68), language.area(9.1e6)):
        assert re.search(r"[0-9]", text) is None, text
    assert language.count(1_234_567) == "১২,৩৪,৫৬৭"


def test_a_wide_range_hides_the_centimetres() -> None:
    language = language_of("en")
    assert language.metres(Amount(3.15, 2.51, 4.39)) == f"3.2{SPACE}m"
    assert language.metres(Amount(2.06, 1.91, 2.37)) == f"2.06{SPACE}m"


def test_regions_share_a_language_and_an_unknown_one_is_refused() -> None:
    assert language_of("en-GB").code == "en"
    assert language_of("vi-VN").text("water") == "mặt nước"
    with pytest.raises(InputError, match=r"language 'it': has no catalogue; choose from en, bn, vi"):
        language_of("it")


def test_only_what_somebody_checked_is_called_checked() -> None:
    assert [code for code in LANGUAGES if language_of(code).is_checked] == list(CHECKED) == ["en"]


def test_a_title_with_braces_of_a_region_file_is_no_field() -> None:
    assert language_of("vi").name("Raise {quay}") == "Raise {quay}"
