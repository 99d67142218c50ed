"""Language catalogues and the choice of the language."""

import pytest

from strandline.web.dashboard.i18n import LANGUAGES, choose_language, labels


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_catalogues_have_the_same_keys_and_fields(language: str) -> None:
    english, other = labels("en"), labels(language)
    assert other.keys() == english.keys()
    for key, text in english.items():
        assert fields(other[key]) == fields(text), key
    same = [key for key in english if other[key] == english[key]]
    assert len(same) <= 3, same


def fields(text: str) -> set[str]:
    return {part.partition("}")[0] for part in text.split("{")[1:]}


@pytest.mark.parametrize(
    ("requested", "accepted", "language"),
    [(None, "", "en"), ("vi", "bn", "vi"), ("xx", "bn", "bn"), (None, "fr, bn-BD;q=0.7, vi;q=0.9", "vi"),
     (None, "bn;q=0, vi;q=0.1", "vi"), (None, "*", "en"), (None, "vi;q=x," * 200, "en"), ("../en", "", "en")],
)  # fmt: skip
def test_the_language_of_the_reader_is_chosen(requested: str | None, accepted: str, language: str) -> None:
    assert choose_language(requested, accepted) == language
