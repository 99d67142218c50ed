"""Messages say what two persons confirmed, in the language and the time of the place."""

import re
from dataclasses import replace
from datetime import datetime

import pandas as pd
import pytest

from strandline.observations.region_file.watch.warnings_section import LANGUAGES
from strandline.report.alerts.cap import ACT_BEFORE, CALL, as_cap
from strandline.report.alerts.catalogue import catalogue_of, name_of_zone
from strandline.report.alerts.exceedance import Exceedance
from strandline.report.alerts.issuer import Issuer
from strandline.report.alerts.wording import Content, compose
from strandline.watch.alerts.messages.sms import split
from strandline.watch.alerts.messages.texts import MessageContext, bulletin, loudspeaker_text, short_text, subject_of
from strandline.watch.alerts.released import ReleasedWarning, read_warning
from strandline.watch.store import Release
from tests.fixtures.flood_warnings import RING, WarnedArea, a_warning

ISSUED = pd.Timestamp("2026-07-14T06:00")
ZONES = ("Dakshin Para", "Char Nobin")
ISSUER = Issuer(
    "alerts.sella.example", "Harbour office", contact="channel 16", languages=LANGUAGES, time_zone="Asia/Dhaka"
)
RELEASE = Release(datetime(2026, 7, 14, 6, 20), 2, ("Ada Vento", "Bo Lund"))
NOW = datetime(2026, 7, 14, 6, 21)


def released(call: str = "Evacuate", **changes) -> ReleasedWarning:
    exceedance = Exceedance(
        issued=ISSUED, probability=0.62, onset=ISSUED + pd.Timedelta(hours=20),
        earliest=ISSUED + pd.Timedelta("15h40min"),
        latest_end=ISSUED + pd.Timedelta(hours=30), likely_end=ISSUED + pd.Timedelta(hours=26),
        low=1.9, middle=2.3, high=2.7,
        height=2.4, is_open_ended=False, is_lower_bound=False,
    )  # fmt: skip
    content = Content("Koyra", ZONES, call, "evacuate", "Evacuate", 2.1, "MSL", exceedance, "own_gauge", False)  # type: ignore[arg-type]
    parameters = ((CALL, call), (ACT_BEFORE, "2026-07-14T21:40:00-00:00"))
    warning = a_warning(
        issued=ISSUED, onset=exceedance.onset, expires=exceedance.latest_end, texts=compose(content, ISSUER),
        areas=tuple(WarnedArea(zone, (RING,)) for zone in ZONES), parameters=parameters, response="Evacuate",
    )  # fmt: skip
    return replace(read_warning(as_cap(warning, ISSUER), RELEASE), **changes)


def context(warning: ReleasedWarning, *, is_exercise: bool = False, now: datetime = NOW) -> MessageContext:
    return MessageContext(warning, is_exercise, "Asia/Dhaka", now)


def test_a_warning_is_read_back_as_it_was_confirmed() -> None:
    found = released()
    assert (found.call, found.act_before, found.areas) == ("Evacuate", datetime(2026, 7, 14, 21, 40), ZONES)
    assert [text.language for text in found.cap.content.texts] == list(LANGUAGES)
    assert (found.cap.sender_name, found.cap.contact, found.cap.is_exercise) == ("Harbour office", "channel 16", False)


def test_a_bulletin_is_about_its_zone_and_names_who_released_it() -> None:
    found = released()
    lines = bulletin(context(found), found.text_in("en"), "Char Nobin").splitlines()
    assert lines[0] == "Coastal flood: Char Nobin"
    assert "Where: Char Nobin." in lines
    assert not any("Dakshin Para" in line for line in lines)
    assert "Released by Ada Vento and Bo Lund, Tuesday 14 July, 12:20 local time (06:20 UTC)." in lines
    assert any(line.startswith("If this is wrong:") for line in lines)
    alone = replace(found, release=replace(RELEASE, needed=1, persons=("Ada Vento",)))
    assert "Released by Ada Vento alone" in bulletin(context(alone), found.text_in("en"), None)
    assert "Where: Dakshin Para and Char Nobin." in bulletin(context(found), found.text_in("en"), None)


@pytest.mark.parametrize(("language", "called"), [("en", "B3 (around Ba Tri)"), ("vi", "B3 (quanh Ba Tri)")])
def test_a_block_is_called_by_its_place_in_every_message_and_found_by_its_own_name(language: str, called: str) -> None:
    places = {"B3": {"": "Ba Tri"}}
    names = {code: name_of_zone("B3", places, code) for code in LANGUAGES}
    warning = replace(released().cap.content, areas=(WarnedArea("B3", (RING,), names),))
    found = read_warning(as_cap(warning, ISSUER), RELEASE)
    text = found.text_in(language)
    assert found.areas == ("B3",)
    assert names[language] == called
    for zone in (None, "B3"):
        messages = [make(context(found), text, zone) for make in (short_text, loudspeaker_text)]
        assert all(called in message for message in messages)
    assert f": {called}" in bulletin(context(found), text, "B3").splitlines()[0]
    assert subject_of(context(found), text, "B3").startswith(f"{called}: ")
    where = catalogue_of(language).fill("where", areas=called)
    assert where in bulletin(context(found), text, "B3").splitlines()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_each_message_and_no_field_stays_open(language: str) -> None:
    for call in ("Evacuate", "Shelter", "Prepare", "Execute", "Avoid", "Monitor", "Late", "Receding", "AllClear"):
        found = released() if call == "AllClear" else released(call)
        found = replace(found, call=call)
        text = found.text_in(language)
        assert text.language == language
        messages = [
            make(context(found), text, zone)
            for make in (bulletin, short_text, loudspeaker_text, subject_of)
            for zone in (None, "Char Nobin")
        ]
        assert not [message for message in messages if re.search(r"[{}]|None", message)]
        assert len(split(messages[2]).parts) <= 4, "a short message stays short"


def test_a_short_message_says_where_what_by_when_and_who_in_local_time() -> None:
    found = released()
    assert short_text(context(found), found.text_in("en"), "Char Nobin") == (
        "Char Nobin: Flood warning. Leave low land before Wednesday 03:40. Go inland or to the shelter. Harbour office."
    )
    bengali = short_text(context(found), found.text_in("bn"), "চর নবীন")
    assert "বুধবার ০৩:৪০" in bengali
    assert split(bengali).alphabet == "ucs2"
    assert split(short_text(context(found), found.text_in("en"), "Char Nobin")).alphabet == "gsm7"


def test_a_deadline_that_is_past_when_the_message_is_made_is_now() -> None:
    found = released()
    late = short_text(context(found, now=datetime(2026, 7, 14, 21, 40)), found.text_in("en"), None)
    assert "Leave low land at once." in late
    assert "03:40" not in late
    without = replace(found, act_before=None)
    assert "at once" in short_text(context(without), found.text_in("en"), None)


def test_a_loudspeaker_speaks_short_sentences_twice_and_rounds_to_the_hour_before() -> None:
    found = released()
    lines = loudspeaker_text(context(found), found.text_in("en"), "Char Nobin").splitlines()
    middle = lines.index("We repeat.")
    assert lines[:middle] == lines[middle + 1 :]
    assert "Leave low land before Wednesday 03:00." in lines
    assert max(len(line.split()) for line in lines) <= 12
    assert not re.search(r"\d\.\d|%", " ".join(lines)), "no number that nobody knows so well"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_of_an_exercise_begins_and_ends_with_that_word(language: str) -> None:
    found = released()
    mark = catalogue_of(language).texts["exercise_word"]
    for make in (bulletin, short_text, loudspeaker_text, subject_of):
        message = make(context(found, is_exercise=True), found.text_in(language), None).strip()
        assert message.startswith(mark)
        assert message.endswith(mark)
        assert mark not in make(context(found), found.text_in(language), None)
