"""What a warning says: in plain words, in each language, with local time."""

import re
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from typing import get_args

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.observations.region_file.watch.warnings_section import LANGUAGES
from strandline.planning.actions import Response
from strandline.report.alerts.area import WarnedArea
from strandline.report.alerts.catalogue import catalogue_of, is_checked, read_catalogue
from strandline.report.alerts.exceedance import Exceedance
from strandline.report.alerts.issuer import Issuer
from strandline.report.alerts.wording import Basis, Call, Content, compose, withdraw

NOW, HOUR = pd.Timestamp("2022-11-21T18:00"), pd.Timedelta(hours=1)
CALLS: tuple[Call, ...] = (*get_args(Response), "Late", "Receding")
ISSUER = Issuer("alerts.sella.example", "Harbour office", time_zone="Europe/Rome")
EXPECTED = Exceedance(NOW, 0.63, False, NOW + 9 * HOUR, NOW + 12 * HOUR, NOW + 17 * HOUR, NOW + 26 * HOUR, False,
                      1.14, 1.4, 1.87, 1.5)  # fmt: skip
CONTENT = Content(
    "Sella", ("Old Mole", "Ferry quay", "Market"), "Evacuate", "evacuate_low_lying_areas", "evacuate low-lying areas",
    1.18, "local mean sea level 1992", EXPECTED, "own_gauge", False,
)  # fmt: skip


def english(content: Content = CONTENT, time_zone: str = "Europe/Rome") -> str:
    (text,) = compose(content, replace(ISSUER, time_zone=time_zone))
    return text.instruction


def of(**changes: object) -> Content:
    return replace(CONTENT, exceedance=replace(EXPECTED, **changes))


def test_an_instruction_says_what_where_until_when_how_sure_what_to_do_and_what_if_it_is_wrong() -> None:
    assert english() == (
        "What: the sea may rise high enough to flood low land.\n"
        "Where: Old Mole, Ferry quay and Market.\n"
        "When: from about Tuesday 22 November, 07:00 local time (06:00 UTC), perhaps as early as 04:00 (03:00 UTC); "
        "probably over by 12:00 (11:00 UTC), at the latest by 21:00 (20:00 UTC).\n"
        "How sure: about 6 in 10.\n"
        "What to do: leave these areas before Tuesday 22 November, 04:00 local time (03:00 UTC). Go inland, or to the "
        "shelter that the authority names. Take medicine, papers, water and a lamp. Help children and old or ill "
        "people. Do not go through flood water.\n"
        "If this is wrong: if no flood comes, you have left in vain; go back only when the authority says so. If water "
        "comes earlier, do not set out: go up to an upper floor."
    )


MOMENTS = st.integers(0, 60).map(lambda hours: NOW + hours * HOUR)


@st.composite
def contents(draw: st.DrawFn) -> Content:
    earliest, onset, likely, latest = sorted(draw(MOMENTS) for _ in range(4))
    low, middle, high = sorted(draw(st.floats(-2, 9)) for _ in range(3))
    never = draw(st.booleans())
    probability = 0.0 if never else draw(st.floats(0, 1))
    exceedance = Exceedance(
        NOW, probability, draw(st.booleans()), None if never else earliest, None if never else onset, likely, latest,
        draw(st.booleans()), low, middle, high, high,
    )  # fmt: skip
    areas = tuple(draw(st.lists(st.sampled_from([f"Zone {letter}" for letter in "ABCDEFGHIJKLMNOPQ"]), unique=True)))
    action = draw(st.sampled_from(["evacuate_low_lying_areas", "close_floodgates", "evacuate_old_mole"]))
    basis = draw(st.sampled_from([None, *get_args(Basis)]))
    call = draw(st.sampled_from(CALLS))
    return Content("Sella", areas, call, action, action.replace("_", " "), draw(st.floats(-1, 5)), "chart datum",
                   exceedance, basis, draw(st.booleans()))  # fmt: skip


@given(contents(), st.sampled_from(["UTC", "Europe/Rome", "Asia/Dhaka", "-03:30"]))
def test_no_text_has_a_formula_an_identifier_or_an_empty_field(content: Content, time_zone: str) -> None:
    texts = compose(content, replace(ISSUER, languages=LANGUAGES, time_zone=time_zone))
    assert [text.language for text in texts] == list(LANGUAGES)
    for text in (*texts, *withdraw(texts, [WarnedArea(name, ()) for name in content.areas or ("Sella",)])):
        for part in (text.event, text.headline, text.description, text.instruction):
            assert part
            assert not re.search(r"[_{}<>=×%]|nan|None|  ", part), part
        assert len(text.headline) <= 160
        assert len(text.instruction.split("\n")) in (4, 6)
    assert all(str(name) in texts[0].instruction for name in content.areas[:12])


def test_english_sentences_are_short_enough_for_three_in_the_morning() -> None:
    for call in CALLS:
        for line in english(replace(CONTENT, call=call, action="close_floodgates")).split("\n"):
            for sentence in re.split(r"[.;:] ", line):
                if "UTC" not in sentence:
                    assert len(sentence.split()) <= 20, sentence


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_catalogues_have_the_same_keys_and_fields(language: str) -> None:
    def fields(catalogue: Mapping[str, str], key: str) -> set[str]:
        return set(re.findall(r"{(\w+)}", catalogue[key]))

    texts, other = (read_catalogue("strandline.report.alerts", code) for code in ("en", language))
    assert other.keys() == texts.keys()
    assert [key for key in texts if fields(other, key) != fields(texts, key)] == []
    same = [key for key in texts if other[key] == texts[key]]
    assert set(same) <= {"digits", "decimal", "date", "other_day", "clock_utc", "clock_local", "moment_utc", "metres",
                         "moment_short"}  # fmt: skip
    assert not is_checked(language)
    file = files("strandline.report.alerts") / "languages" / f"{language}.toml"
    assert "not checked by a native speaker" in file.read_text(encoding="utf-8").split("\n")[0]


@pytest.mark.parametrize(
    ("probability", "is_bound", "chance"),
    [(0.0, False, "unlikely, less than 1 in 20"), (0.05, False, "about 1 in 10"), (0.14, False, "about 1 in 10"),
     (0.66, False, "about 7 in 10"), (0.97, False, "almost certain, more than 19 in 20"),
     (0.66, True, "at least 6 in 10"), (0.3, True, "at least 3 in 10"), (0.07, True, "at least 1 in 20"),
     (0.02, True, "unlikely in any single hour, less than 1 in 20; over the whole time it may be more")],
)  # fmt: skip
def test_a_chance_is_in_whole_tenths_and_a_bound_is_rounded_down(
    probability: float, is_bound: bool, chance: str
) -> None:
    assert f"How sure: {chance}.\n" in english(of(probability=probability, is_lower_bound=is_bound))


def test_times_are_local_with_the_day_of_utc_where_it_differs() -> None:
    late = NOW + 5 * HOUR
    shown = catalogue_of("en-GB").moment(late, "Asia/Dhaka")
    assert shown == "Tuesday 22 November, 05:00 local time (21 November, 23:00 UTC)"
    assert catalogue_of("bn").moment(late, "Asia/Dhaka") == "মঙ্গলবার ২২ নভেম্বর, স্থানীয় সময় ০৫:০০ (২১ নভেম্বর, ২৩:০০ UTC)"
    assert (
        catalogue_of("it").moment(late, "Europe/Rome")
        == "martedì 22 novembre, ore 00:00 locali (21 novembre, 23:00 UTC)"
    )
    assert catalogue_of("en").moment(late, "UTC") == "Monday 21 November, 23:00 UTC"


def test_numbers_are_those_of_the_language() -> None:
    assert [catalogue_of(code).metres(-1.25, 2) for code in LANGUAGES] == [
        "−1.25 m",
        "−১.২৫ মিটার",
        "−1,25 m",
        "−1,25 m",
    ]


def test_water_at_the_door_leaves_no_deadline_and_an_open_end_is_said() -> None:
    now = english(of(earliest=NOW, onset=NOW, is_open_ended=True))
    assert (
        "When: now; probably over by Tuesday 22 November, 12:00 local time (11:00 UTC), but it may last beyond 21:00 "
        "(20:00 UTC), where the forecast ends." in now
    )
    assert "it may last beyond" in english(of(likely_end=EXPECTED.latest_end, is_open_ended=True))
    assert "leave these areas at once" in now
    never = english(of(earliest=None, onset=None, probability=0.0))
    assert "When: not expected before Tuesday 22 November, 21:00" in never


def test_many_areas_are_counted_and_none_means_the_place() -> None:
    many = replace(CONTENT, areas=tuple(f"A{number}" for number in range(30)))
    assert "A10, A11 and 18 more areas." in english(many)
    assert "Where: low land at Sella." in english(replace(CONTENT, areas=()))


def test_an_action_is_named_in_the_language_and_never_by_its_identifier() -> None:
    gates = replace(CONTENT, call="Execute", action="close_floodgates", title="close floodgates")
    texts = compose(gates, replace(ISSUER, languages=("it", "en")))
    assert [text.headline for text in texts] == [
        "Sella: chiudere le paratoie, il mare può allagare i terreni bassi",
        "Sella: close the floodgates, the sea may flood low land",
    ]
    unknown = replace(gates, action="open_the_sluice", title="open the sluice")
    assert compose(unknown, ISSUER)[0].headline.startswith("Sella: open the sluice, ")


def test_an_exercise_is_one_in_its_headline() -> None:
    (text,) = compose(replace(CONTENT, is_exercise=True), ISSUER)
    assert text.headline.startswith("EXERCISE: Sella")


def test_the_description_says_what_the_forecast_rests_on() -> None:
    descriptions = {basis: compose(replace(CONTENT, basis=basis), ISSUER)[0].description for basis in get_args(Basis)}
    assert "local tide gauge gives no valid reading" in descriptions["other_streams"]
    assert "what was last known" in descriptions["climate"]
    assert "1.18 m or more, measured from local mean sea level 1992" in descriptions["own_gauge"]
    assert "between 1.1 and 1.9 m" in descriptions["own_gauge"]
