"""CAP 1.2 messages follow the schema, and none can be a live alert."""

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from capvalidator import validate_cap_message
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

import strandline.report
import tests.fixtures.reports as coast
from strandline.errors import InputError
from strandline.observations.observations import ProvenanceKind
from strandline.report.alerts.area import WarnedArea
from strandline.report.alerts.cap import (
    CALL,
    STATUS_OF,
    CapMessage,
    Message,
    Reference,
    as_cap,
    certainty_of,
    rarity_of,
    read_cap,
    severity_of,
    urgency_of,
)
from strandline.report.alerts.drafts import draft_warnings
from strandline.report.alerts.issued import follow_up
from strandline.report.alerts.issuer import NO_ISSUER, Issuer
from tests.fixtures.flood_warnings import ISSUER, OASIS, RING, STRICT, a_text, a_warning, assert_valid, parsed


@pytest.mark.parametrize("schema", [STRICT, OASIS])
def test_a_wrong_order_and_a_wrong_value_fail_the_schema(schema: etree.XMLSchema) -> None:
    good = as_cap(a_warning(), ISSUER).decode()
    assert_valid(good.encode())
    swapped = good.replace("<msgType>Alert</msgType>", "").replace("<status>", "<msgType>Alert</msgType><status>")
    sure = good.replace(">Likely<", ">Sure<")
    assert not schema.validate(etree.fromstring(swapped.encode()))
    assert not schema.validate(etree.fromstring(sure.encode()))
    assert not validate_cap_message(sure.encode(), strict=False).passed


def test_simulated_numbers_give_an_exercise_and_real_ones_a_draft() -> None:
    assert parsed(a_warning(provenance="simulated"))["status"] == "Exercise"
    assert parsed(a_warning(provenance="real"))["status"] == "Draft"
    assert {warning.provenance for warning in draft_warnings(coast.results("simulated"))} == {"simulated"}


def test_no_line_of_the_package_can_write_a_live_status() -> None:
    assert set(STATUS_OF.values()) == {"Exercise", "Draft"}
    folder = Path(strandline.report.__file__).parent
    assert not [
        file.name
        for file in folder.rglob("*")
        if file.suffix in (".py", ".jinja") and re.search("Actual\\b", file.read_text())
    ]
    with pytest.raises(KeyError):
        as_cap(a_warning(provenance="Actual"), ISSUER)


def test_a_draft_is_restricted_and_has_a_contact_only_if_the_issuer_has_one() -> None:
    text = parsed(a_warning())
    assert text["scope"] == "Restricted"
    assert "restriction" in text
    assert "contact" not in text
    assert parsed(a_warning(), replace(ISSUER, contact="channel 16"))["contact"] == "channel 16"


def test_times_carry_the_offset_that_cap_requires() -> None:
    assert parsed(a_warning())["onset"] == "2022-11-22T14:00:00-00:00"


@pytest.mark.parametrize(
    "changes",
    [
        {"identifier": "two words"},
        {"identifier": ""},
        {"probability": 1.2},
        {"probability": float("nan")},
        {"expires": pd.Timestamp("2022-11-22T07:00")},
        {"areas": ()},
        {"areas": (WarnedArea("Sella", ()),)},
        {"areas": (WarnedArea("Sella", (RING, ((45.0, 12.0), (45.1, 12.0), (45.1, 12.1), (45.2, 12.0)))),)},
        {"areas": (WarnedArea("Sella", (((45.0, 12.0), (45.1, 12.0), (45.0, 12.0)),)),)},
        {"areas": (WarnedArea("Sella", (((12.0, 245.0), (12.0, 245.1), (12.1, 245.1), (12.0, 245.0)),)),)},
        {"areas": (WarnedArea("Sella", (((0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)),)),)},
        {"texts": ()},
        {"texts": (a_text("it"), a_text("it"))},
    ],
)
def test_an_inconsistent_warning_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InputError):
        a_warning(**changes)


def test_a_sender_with_a_comma_is_refused() -> None:
    with pytest.raises(InputError, match="sender"):
        as_cap(a_warning(), Issuer("a,b", "office"))


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40))
def test_any_text_gives_a_readable_document(text: str) -> None:
    document = etree.fromstring(
        as_cap(a_warning(texts=(a_text(headline=text),), areas=(WarnedArea(text or "here", (RING,)),)), ISSUER)
    )
    assert not document.findall(".//{*}script")


def test_markup_in_a_name_stays_text() -> None:
    name = "<script>alert(1)</script> & co"
    assert parsed(a_warning(areas=(WarnedArea(name, (RING,)),)))["areaDesc"] == name


def test_certainty_urgency_and_severity_follow_probability_lead_and_return_period() -> None:
    assert [certainty_of(p) for p in (0.0, 0.049, 0.05, 0.5, 0.51, 1.0)] == [
        "Unlikely", "Unlikely", "Possible", "Possible", "Likely", "Likely",
    ]  # fmt: skip
    assert [urgency_of(h) for h in (0.0, 6.0, 7.0, 24.0, 25.0)] == [
        "Immediate", "Immediate", "Expected", "Expected", "Future",
    ]  # fmt: skip
    assert [severity_of(t) for t in (1.0, 2.0, 10.0, 100.0)] == ["Minor", "Moderate", "Severe", "Extreme"]


def test_return_periods_are_exact_at_known_levels_and_never_above_the_last() -> None:
    levels, periods = (1.0, 1.5, 2.0), (2.0, 10.0, 100.0)
    assert [rarity_of(level, levels, periods) for level in levels] == pytest.approx(periods)
    assert rarity_of(0.9, levels, periods) == 1.0
    assert rarity_of(9.0, levels, periods) == pytest.approx(100.0)


def test_an_update_names_what_it_replaces() -> None:
    old = a_warning()
    new = a_warning(identifier="sella-2", issued=old.issued + pd.Timedelta(hours=3), probability=0.9)
    (message,) = follow_up([old], [new], ISSUER, new.issued)
    text = parsed(message)
    assert_valid(as_cap(message, ISSUER))
    assert text["msgType"] == "Update"
    assert text["references"] == "alerts.sella.example,sella-1,2022-11-22T06:00:00-00:00"
    assert text["identifier"] == "sella-2"


def test_a_warning_that_is_no_longer_due_is_cancelled() -> None:
    old = a_warning()
    later = old.issued + pd.Timedelta(hours=9)
    (message,) = follow_up([old], [], ISSUER, later)
    assert_valid(as_cap(message, ISSUER))
    text = parsed(message)
    assert (text["msgType"], text["responseType"], text["urgency"]) == ("Cancel", "AllClear", "Past")
    assert text["references"].split(",")[1] == old.identifier
    assert text["status"] == "Draft"
    assert text["identifier"] != old.identifier
    assert follow_up([message], [], ISSUER, later) == []


def test_an_expired_warning_needs_no_cancel_and_another_subject_no_update() -> None:
    old = a_warning()
    assert follow_up([old], [], ISSUER, old.expires) == []
    other = a_warning(identifier="sella-3", subject="sella-ferry")
    messages = follow_up([old], [other], ISSUER, old.issued)
    assert [(m.message, m.subject) for m in messages] == [("Alert", "sella-ferry"), ("Cancel", "sella-gate")]


def test_a_message_that_replaces_nothing_is_an_alert_and_only_a_cancel_gives_the_all_clear() -> None:
    before = (Reference("alerts.sella.example", "sella-0", pd.Timestamp("2022-11-22")),)
    with pytest.raises(InputError, match="names what it replaces"):
        a_warning(message="Update")
    with pytest.raises(InputError, match="names what it replaces"):
        a_warning(replaces=before)
    with pytest.raises(InputError, match="AllClear belongs to a cancel"):
        a_warning(response="AllClear")
    with pytest.raises(InputError, match="AllClear belongs to a cancel"):
        a_warning(message="Cancel", replaces=before)


def test_an_area_is_named_as_readers_say_it_and_keeps_the_name_by_which_recipients_are_chosen() -> None:
    called = {"en": "B3 (around Ba Tri)", "bn": "B3 (বা ত্রি ও আশপাশ)"}
    areas = (WarnedArea("B3", (RING,), called), WarnedArea("Mole", (RING,)))
    message = as_cap(a_warning(texts=(a_text(), a_text("bn")), areas=areas), ISSUER)
    assert_valid(message)
    english, bengali = etree.fromstring(message).findall("{*}info")
    assert [each.findtext("{*}areaDesc") for each in english.findall("{*}area")] == [called["en"], "Mole"]
    assert [each.findtext("{*}areaDesc") for each in bengali.findall("{*}area")] == [called["bn"], "Mole"]
    assert [each.findtext("{*}geocode/{*}value") for each in english.findall("{*}area")] == ["B3", None]
    assert read_cap(message).content.areas == areas


LANGUAGES = st.lists(st.sampled_from(["en-GB", "bn", "vi", "it-IT"]), min_size=1, unique=True)
TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=80)


@settings(max_examples=40, deadline=None)
@given(LANGUAGES, TEXT, st.floats(0, 1), st.floats(1, 1e4), st.integers(0, 72), st.integers(0, 72), st.integers(1, 5))
def test_any_warning_passes_the_schema_of_oasis_and_another_partys_validator(
    languages: list[str], text: str, probability: float, period: float, lead: int, duration: int, n_areas: int
) -> None:
    hour, issued = pd.Timedelta(hours=1), pd.Timestamp("2022-11-22T06:00")
    warning = a_warning(
        texts=tuple(a_text(language, text) for language in languages), probability=probability, return_period=period,
        onset=issued + lead * hour, expires=issued + (lead + duration) * hour,
        areas=tuple(WarnedArea(f"{text} {number}", (RING,) * number) for number in range(1, n_areas + 1)),
    )  # fmt: skip
    message = as_cap(
        warning, replace(ISSUER, web="https://sella.example/flood", contact=text, languages=tuple(languages))
    )
    assert_valid(message)
    infos = etree.fromstring(message).findall("{*}info")
    assert [info.findtext("{*}language") for info in infos] == languages
    assert all(len(info.findall("{*}area")) == n_areas for info in infos)


@settings(max_examples=40, deadline=None)
@given(LANGUAGES, st.floats(0, 1).map(lambda chance: round(chance, 2)), st.sampled_from(["Alert", "Update", "Cancel"]),
       st.booleans(), st.booleans(), st.booleans(), st.sampled_from(["real", "simulated"]))  # fmt: skip
def test_a_message_reads_back_as_it_was_written(
    languages: list[str], probability: float, kind: Message, at_least: bool, rare: bool, replay: bool,
    provenance: ProvenanceKind,
) -> None:  # fmt: skip
    earlier = (Reference(ISSUER.sender, "sella-0", pd.Timestamp("2022-11-22T03:00")),)
    warning = a_warning(
        texts=tuple(a_text(language, "High & <low>") for language in languages), probability=probability,
        message=kind, replaces=() if kind == "Alert" else earlier, is_lower_bound=at_least, is_replay=replay,
        response="AllClear" if kind == "Cancel" else "Evacuate", knows_rarity=rare, return_period=10.0,
        provenance=provenance, parameters=((CALL, "Evacuate"), ("waterLevel", "1.20 m")),
    )  # fmt: skip
    issuer = replace(ISSUER, contact="channel 16")
    status = "Exercise" if replay or provenance == "simulated" else "Draft"
    assert read_cap(as_cap(warning, issuer)) == CapMessage(warning, issuer.sender, issuer.name, "channel 16", status)


def test_the_issuer_language_category_and_event_code_are_those_of_the_place() -> None:
    issuer = Issuer(
        "alerts.sella.example", "Harbour office", web="https://sella.example", languages=("it", "en-GB"),
        categories=("Met",), event_codes=(("OET:v1.2", "OET-042"), ("local", "acqua-alta")),
    )  # fmt: skip
    root = etree.fromstring(as_cap(a_warning(texts=(a_text("it"), a_text())), issuer))
    italian, _ = root.findall("{*}info")
    assert [each.text for each in italian.findall("{*}category")] == ["Met"]
    codes = [(code[0].text, code[1].text) for code in italian.findall("{*}eventCode")]
    assert codes == [("OET:v1.2", "OET-042"), ("local", "acqua-alta")]
    assert italian.findtext("{*}web") == "https://sella.example"
    assert italian.findtext("{*}effective") == root.findtext("{*}sent")


def test_a_draft_without_an_issuer_says_that_it_cannot_be_released() -> None:
    assert "cannot be released" in parsed(a_warning(), NO_ISSUER)["note"]
    assert "cannot be released" not in parsed(a_warning())["note"]


def test_a_draft_names_the_languages_that_no_native_speaker_has_checked() -> None:
    note = parsed(a_warning(texts=(a_text(), a_text("bn"), a_text("vi"))))["note"]
    assert "the texts in 'bn, vi'" in note


def test_a_lower_bound_of_the_probability_is_marked_for_machines() -> None:
    for is_bound, mark in ((True, "at least"), (False, "of the event")):
        info = etree.fromstring(as_cap(a_warning(is_lower_bound=is_bound), ISSUER)).find("{*}info")
        parameters = {pair[0].text: pair[1].text for pair in info.findall("{*}parameter")}
        assert (parameters["probability"], parameters["probabilityIs"]) == ("0.70", mark)
