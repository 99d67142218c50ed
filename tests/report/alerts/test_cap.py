"""CAP 1.2 messages follow the schema, and none can be a live alert."""

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

import strandline.report
import tests.fixtures.reports as coast
from strandline.errors import InputError
from strandline.report.alerts.cap import (
    STATUS_OF,
    Reference,
    as_cap,
    certainty_of,
    follow_up,
    rarity_of,
    severity_of,
    urgency_of,
)
from strandline.report.alerts.drafts import draft_warnings
from strandline.report.findings import Issuer
from tests.fixtures.flood_warnings import ISSUER, SCHEMA, a_warning, parsed


def test_a_wrong_order_and_a_wrong_value_fail_the_schema() -> None:
    good = as_cap(a_warning(), ISSUER).decode()
    assert SCHEMA.validate(etree.fromstring(good.encode()))
    swapped = good.replace("<msgType>Alert</msgType>", "").replace("<status>", "<msgType>Alert</msgType><status>")
    assert not SCHEMA.validate(etree.fromstring(swapped.encode()))
    assert not SCHEMA.validate(etree.fromstring(good.replace(">Likely<", ">Sure<").encode()))


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
        {"polygon": ((45.0, 12.0), (45.1, 12.0), (45.1, 12.1), (45.2, 12.0))},
        {"polygon": ((45.0, 12.0), (45.1, 12.0), (45.0, 12.0))},
        {"polygon": ((12.0, 245.0), (12.0, 245.1), (12.1, 245.1), (12.0, 245.0))},
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
    document = etree.fromstring(as_cap(a_warning(headline=text, area=text or "here"), ISSUER))
    assert not document.findall(".//{*}script")


def test_markup_in_a_name_stays_text() -> None:
    name = "<script>alert(1)</script> & co"
    assert parsed(a_warning(area=name))["areaDesc"] == name


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
    SCHEMA.assertValid(etree.fromstring(as_cap(message, ISSUER)))
    assert text["msgType"] == "Update"
    assert text["references"] == "alerts.sella.example,sella-1,2022-11-22T06:00:00-00:00"
    assert text["identifier"] == "sella-2"


def test_a_warning_that_is_no_longer_due_is_cancelled() -> None:
    old = a_warning()
    later = old.issued + pd.Timedelta(hours=9)
    (message,) = follow_up([old], [], ISSUER, later)
    SCHEMA.assertValid(etree.fromstring(as_cap(message, ISSUER)))
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
