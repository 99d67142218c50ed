"""Issued warnings are read back, updated and cancelled."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from strandline.errors import InputError
from strandline.report.alerts.area import WarnedArea
from strandline.report.alerts.cap import Reference, as_cap
from strandline.report.alerts.issued import follow_up, follow_up_issued, read_issued
from strandline.report.alerts.issuer import Issuer
from tests.fixtures.flood_warnings import ISSUER, RING, a_text, a_warning


def test_an_issued_message_reads_back_unchanged(tmp_path: Path) -> None:
    warning = a_warning(
        parameters=(("waterLevel", "1.20 m"),), is_lower_bound=True,
        texts=(a_text(headline="High & <low>"), a_text("bn", "উপকূলীয় বন্যা")),
        areas=(WarnedArea("Mole", (RING,)), WarnedArea("Quay", (RING, RING))),
    )  # fmt: skip
    update = replace(
        warning, identifier="sella-2", issued=warning.issued + pd.Timedelta(hours=1), message="Update",
        replaces=(Reference(ISSUER.sender, "sella-1", warning.issued),),
    )  # fmt: skip
    other = replace(warning, identifier="ferry-1", subject="sella-ferry")
    for message in (warning, update, other):
        write_issued(tmp_path, f"{message.identifier}.xml", as_cap(message, ISSUER))
    assert sorted(read_issued(tmp_path, ISSUER), key=lambda m: m.identifier) == [other, update]
    assert read_issued(tmp_path / "nowhere", ISSUER) == []


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"<alert", "is not a message of this program"),
        (b"<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'/>", "it has no sender"),
        (as_cap(a_warning(), Issuer("elsewhere.example", "Other")), "elsewhere.example sent it"),
        (as_cap(a_warning(), ISSUER).replace(b">subject<", b">theme<"), "subject"),
    ],
)
def test_a_foreign_file_among_the_warnings_is_refused_by_name(tmp_path: Path, content: bytes, fault: str) -> None:
    write_issued(tmp_path, "odd.xml", content)
    with pytest.raises(InputError, match=fault) as refused:
        read_issued(tmp_path, ISSUER)
    assert "odd.xml" in str(refused.value)


def test_a_folder_of_issued_warnings_under_its_former_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "given").mkdir()
    with pytest.raises(InputError, match="rename it to 'issued'"):
        read_issued(tmp_path, ISSUER)


def write_issued(alerts: Path, name: str, content: bytes) -> None:
    (alerts / "issued").mkdir(exist_ok=True)
    (alerts / "issued" / name).write_bytes(content)


def test_drafts_update_or_cancel_issued_warnings_and_repeat_none() -> None:
    old, hour = a_warning(), pd.Timedelta(hours=1)
    newer = replace(old, identifier="sella-2", issued=old.issued + hour)
    unlikely = replace(newer, identifier="sella-3", probability=0.01)
    assert follow_up_issued([newer], [], ISSUER) == [newer]
    assert follow_up_issued([old], [old], ISSUER) == []
    (update,) = follow_up_issued([newer], [old], ISSUER)
    assert (update.message, update.replaces[0].identifier) == ("Update", "sella-1")
    (cancel,) = follow_up_issued([unlikely], [old], ISSUER)
    assert (cancel.message, cancel.issued) == ("Cancel", unlikely.issued)


def test_a_cancel_is_in_the_languages_of_the_warning_and_does_not_call_anyone_back() -> None:
    old = a_warning(texts=(a_text("it"), a_text("bn"), a_text()))
    later = old.issued + pd.Timedelta(hours=2)
    (cancel,) = follow_up([old], [], ISSUER, later)
    assert [text.language for text in cancel.texts] == ["it", "bn", "en-GB"]
    assert cancel.texts[2].headline == "Cancelled: High water"
    assert "may still be under water" in cancel.texts[2].instruction
    assert "only when the authority says so" in cancel.texts[2].instruction


def test_a_cancel_of_a_text_that_a_person_wrote_in_another_language_is_in_english() -> None:
    old = a_warning(texts=(a_text("fr", "Marée haute"),))
    (cancel,) = follow_up([old], [], ISSUER, old.issued + pd.Timedelta(hours=2))
    assert [text.language for text in cancel.texts] == ["en-GB"]
    assert cancel.texts[0].headline == "Cancelled: Marée haute"
