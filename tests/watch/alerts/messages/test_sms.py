"""Short messages: the alphabet of a text, and parts that joined are the text again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.watch.alerts.messages.sms import _BASIC, _EXTENDED, split


def units(part: str, alphabet: str) -> int:
    if alphabet == "ucs2":
        return len(part.encode("utf-16-be")) // 2
    return len(part) + sum(char in _EXTENDED for char in part)


@pytest.mark.parametrize(
    ("text", "alphabet", "lengths"),
    [
        ("a" * 160, "gsm7", [160]),
        ("a" * 161, "gsm7", [153, 8]),
        ("a" * 306, "gsm7", [153, 153]),
        ("a" * 307, "gsm7", [153, 153, 1]),
        ("€" * 80, "gsm7", [80]),
        ("€" * 81, "gsm7", [76, 5]),
        ("à" * 160, "gsm7", [160]),
        ("ä" * 159 + "ế", "ucs2", [67, 67, 26]),
        ("ế" * 70, "ucs2", [70]),
        ("ế" * 71, "ucs2", [67, 4]),
        ("🌊" * 35, "ucs2", [35]),
        ("🌊" * 36, "ucs2", [33, 3]),
        ("", "gsm7", [0]),
    ],
)
def test_parts_are_as_long_as_the_standard_says(text: str, alphabet: str, lengths: list[int]) -> None:
    found = split(text)
    assert found.alphabet == alphabet
    assert [len(part) for part in found.parts] == lengths


def test_the_alphabet_has_its_128_characters_but_the_escape() -> None:
    assert len(_BASIC) == len(set(_BASIC)) == 127
    assert not set(_BASIC) & set(_EXTENDED)


def test_typography_alone_makes_no_message_longer() -> None:
    assert split("Leave low land – now. It’s “late” …").alphabet == "gsm7"
    assert split("Leave – এখনই").parts == ("Leave – এখনই",)


@given(st.text(st.sampled_from("aé €[ \nবন্যািế🌊"), max_size=500))
def test_no_character_is_lost_or_cut_and_every_part_fits(text: str) -> None:
    found = split(text)
    assert "".join(found.parts) == text
    limit = {"gsm7": (160, 153), "ucs2": (70, 67)}[found.alphabet][len(found.parts) > 1]
    assert all(units(part, found.alphabet) <= limit for part in found.parts)


def test_words_and_the_marks_of_a_letter_stay_together() -> None:
    text = "নিচু জমি ছেড়ে যান। " * 12
    parts = split(text).parts
    assert len(parts) > 3
    assert all(part.endswith(" ") for part in parts[:-1])
    marked = "যি" * 200
    assert not any(part.startswith("ি") for part in split(marked).parts)


def test_a_text_of_too_many_parts_is_refused() -> None:
    with pytest.raises(ValueError, match="255 at most"):
        split("a" * 153 * 256)
