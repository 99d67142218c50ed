"""Alert drafts follow CAP 1.2, and none can be taken for a live alert."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from pyproj import Transformer
from shapely import Point, Polygon

import strandline.report
import tests.fixtures.reports as coast
from strandline.errors import InputError
from strandline.observations.observations import ProvenanceKind
from strandline.report.alerts.area import warned_polygon
from strandline.report.alerts.cap import (
    STATUS_OF,
    FloodWarning,
    Reference,
    as_cap,
    certainty_of,
    follow_up,
    rarity_of,
    severity_of,
    urgency_of,
)
from strandline.report.alerts.drafts import draft_warnings
from strandline.report.alerts.issued import read_issued, replace_issued
from strandline.report.findings import Issuer
from tests.fixtures.cap_schema import cap_schema

SCHEMA = etree.XMLSchema(etree.fromstring(cap_schema()))
ISSUER = Issuer("alerts.sella.example", "Harbour office")


def a_warning(**changes: object) -> FloodWarning:
    time = pd.Timestamp("2022-11-22T06:00")
    values: dict[str, object] = {
        "identifier": "sella-1", "subject": "sella-gate", "response": "Execute",
        "provenance": "real", "issued": time, "onset": time + pd.Timedelta(hours=8),
        "expires": time + pd.Timedelta(hours=12), "probability": 0.7, "return_period": 12.0, "event": "Coastal flood",
        "headline": "High water", "description": "The sea may pass 1.2 m.", "instruction": "Confirm first.",
        "area": "Sella", "polygon": ((45.0, 12.0), (45.1, 12.0), (45.1, 12.1), (45.0, 12.0)),
    }  # fmt: skip
    return FloodWarning(**{**values, **changes})  # type: ignore[arg-type]


def parsed(warning: FloodWarning, issuer: Issuer = ISSUER) -> dict[str, str]:
    root = etree.fromstring(as_cap(warning, issuer))
    return {etree.QName(element).localname: element.text for element in root.iter() if len(element) == 0}


@pytest.mark.parametrize("kind", ["simulated", "real"])
def test_a_draft_follows_the_schema(kind: ProvenanceKind) -> None:
    found = draft_warnings(coast.results(kind))
    assert found
    for warning in found:
        document = etree.fromstring(as_cap(warning, replace(ISSUER, contact="duty desk, channel 16")))
        SCHEMA.assertValid(document)


def test_the_schema_would_notice_a_wrong_order_and_a_wrong_word() -> None:
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


def test_a_draft_is_for_those_who_decide_and_holds_no_contact_that_nobody_gave() -> None:
    text = parsed(a_warning())
    assert text["scope"] == "Restricted"
    assert "restriction" in text
    assert "contact" not in text
    assert parsed(a_warning(), replace(ISSUER, contact="channel 16"))["contact"] == "channel 16"


def test_times_carry_the_offset_that_cap_wants() -> None:
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
def test_a_warning_that_cannot_be_right_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InputError):
        a_warning(**changes)


def test_a_sender_with_a_comma_is_refused() -> None:
    with pytest.raises(InputError, match="sender"):
        as_cap(a_warning(), Issuer("a,b", "office"))


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40))
def test_any_text_gives_a_document_that_can_be_read(text: str) -> None:
    document = etree.fromstring(as_cap(a_warning(headline=text, area=text or "here"), ISSUER))
    assert not document.findall(".//{*}script")


def test_markup_in_a_name_stays_text() -> None:
    name = "<script>alert(1)</script> & co"
    assert parsed(a_warning(area=name))["areaDesc"] == name


def test_certainty_urgency_and_severity_follow_chance_lead_and_rarity() -> None:
    assert [certainty_of(p) for p in (0.0, 0.049, 0.05, 0.5, 0.51, 1.0)] == [
        "Unlikely", "Unlikely", "Possible", "Possible", "Likely", "Likely",
    ]  # fmt: skip
    assert [urgency_of(h) for h in (0.0, 6.0, 7.0, 24.0, 25.0)] == [
        "Immediate", "Immediate", "Expected", "Expected", "Future",
    ]  # fmt: skip
    assert [severity_of(t) for t in (1.0, 2.0, 10.0, 100.0)] == ["Minor", "Moderate", "Severe", "Extreme"]


def test_rarity_is_exact_at_known_levels_and_never_rarer_than_known() -> None:
    levels, periods = (1.0, 1.5, 2.0), (2.0, 10.0, 100.0)
    assert [rarity_of(level, levels, periods) for level in levels] == pytest.approx(periods)
    assert rarity_of(0.9, levels, periods) == 1.0
    assert rarity_of(9.0, levels, periods) == pytest.approx(100.0)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 39), st.integers(0, 47)), min_size=1, max_size=40))
def test_the_warned_polygon_is_closed_holds_every_warned_cell_and_puts_latitude_first(
    cells: list[tuple[int, int]],
) -> None:
    region, mask = coast.a_region(), np.zeros((40, 48), dtype=bool)
    for cell in cells:
        mask[cell] = True
    ring = warned_polygon(region, mask)
    assert ring[0] == ring[-1]
    assert all(45 < latitude < 46 and 12 < longitude < 13.5 for latitude, longitude in ring)
    to_metres = Transformer.from_crs("EPSG:4326", region.crs, always_xy=False)
    x, y = to_metres.transform(*np.array(ring).T)
    area = Polygon(np.column_stack([x, y])).buffer(3.0)
    assert all(area.contains(Point(region.x[column], region.y[row])) for row, column in cells)


def test_without_a_likely_cell_the_polygon_is_the_region() -> None:
    ring = warned_polygon(coast.a_region(), np.zeros((40, 48), dtype=bool))
    assert len(ring) == 5


def test_a_trigger_out_of_reach_gets_one_draft_that_says_unlikely() -> None:
    results = coast.results()
    plan = results.plan
    found = draft_warnings(replace(results, plan=replace(plan, protocol=coast.a_protocol(9.0))))
    assert len(found) == 1
    assert parsed(found[0])["certainty"] == "Unlikely"
    assert parsed(found[0])["responseType"] == "Monitor"
    assert "not reached" in found[0].instruction


def test_a_plan_without_triggers_and_a_run_without_forecast() -> None:
    results = coast.results()
    bare = replace(results, plan=replace(results.plan, protocol=None))
    assert len(draft_warnings(bare)) == 1
    assert draft_warnings(replace(results, surge=results.surge.iloc[:0])) == []


def test_a_draft_says_when_to_stop_and_what_to_do_without_readings() -> None:
    instruction = draft_warnings(coast.results())[0].instruction
    assert "Stand down when" in instruction
    assert "Without readings for 3 hours" in instruction


def test_people_are_asked_for_what_the_protocol_says_once_its_trigger_is_reached() -> None:
    (reached,) = draft_warnings(coast.results())
    assert (reached.response, reached.message) == ("Evacuate", "Alert")
    assert parsed(reached)["responseType"] == "Evacuate"
    certain = coast.results()
    surge = certain.surge.assign(p90=certain.surge["p90"].clip(upper=1.1), p50=certain.surge["p50"].clip(upper=1.0))
    (watched,) = draft_warnings(replace(certain, surge=surge))
    assert watched.response == "Monitor"


# Updates and cancels


def test_an_update_names_what_it_replaces() -> None:
    old = a_warning()
    new = a_warning(identifier="sella-2", issued=old.issued + pd.Timedelta(hours=3), probability=0.9)
    (message,) = follow_up([old], [new], ISSUER, new.issued)
    text = parsed(message)
    SCHEMA.assertValid(etree.fromstring(as_cap(message, ISSUER)))
    assert text["msgType"] == "Update"
    assert text["references"] == "alerts.sella.example,sella-1,2022-11-22T06:00:00-00:00"
    assert text["identifier"] == "sella-2"


def test_what_the_forecast_no_longer_supports_is_cancelled() -> None:
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


def test_a_given_message_reads_back_as_it_was(tmp_path: Path) -> None:
    warning = a_warning(parameters=(("waterLevel", "1.20 m"), ("provenance", "real")), headline="High & <low>")
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
def test_what_is_not_ours_among_the_given_is_refused_by_name(tmp_path: Path, content: bytes, fault: str) -> None:
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


def test_drafts_answer_what_was_given_and_repeat_nothing() -> None:
    old, hour = a_warning(parameters=(("provenance", "real"),)), pd.Timedelta(hours=1)
    newer = replace(old, identifier="sella-2", issued=old.issued + hour)
    unlikely = replace(newer, identifier="sella-3", probability=0.01)
    assert replace_issued([newer], [], ISSUER) == [newer]
    assert replace_issued([old], [old], ISSUER) == []
    (update,) = replace_issued([newer], [old], ISSUER)
    assert (update.message, update.replaces[0].identifier) == ("Update", "sella-1")
    (cancel,) = replace_issued([unlikely], [old], ISSUER)
    assert (cancel.message, cancel.issued) == ("Cancel", unlikely.issued)


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
