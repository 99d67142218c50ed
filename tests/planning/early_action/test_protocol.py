"""Protocols are read from and written to TOML, and every fault is named with its place."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import InputError
from strandline.planning.early_action.protocol_file import (
    PUBLISHED,
    lint,
    load_protocol,
    protocol_to_toml,
    published_protocol,
)
from strandline.planning.formatting import format_expression, format_indicator
from tests.fixtures.protocols import GATE, ahead, phase, protocol, reading


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "gate.toml"
    file.write_text(protocol_to_toml(GATE), encoding="utf-8")
    return file


def test_a_protocol_is_unchanged_by_its_file(path: Path) -> None:
    assert load_protocol(path) == GATE
    assert lint(path) == []


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_protocols_are_fit_for_use_and_unchanged_by_their_files(name, tmp_path: Path) -> None:
    shipped = published_protocol(name)
    again = tmp_path / "again.toml"
    again.write_text(protocol_to_toml(shipped), encoding="utf-8")
    assert load_protocol(again) == shipped


@settings(max_examples=40, deadline=None)
@given(
    st.text(min_size=1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.one_of(st.none(), st.floats(0, 1, exclude_max=True)),
)
def test_any_text_and_numbers_are_unchanged_by_a_file(
    tmp_path_factory, words: str, value: float, probability: float | None
) -> None:
    high = ahead("sea", value, probability, (0, 12), source=words)
    odd = protocol({"high": high}, phase(stop="not high", fallback=None, why=words, where=(words, "b")))
    file = tmp_path_factory.mktemp("odd") / "odd.toml"
    file.write_text(protocol_to_toml(odd), encoding="utf-8", newline="")
    assert load_protocol(file) == odd


@pytest.mark.parametrize(
    ("old", "new", "location", "message"),
    [
        ('unit = "m"\n', "", "indicators.high.unit", "is missing.*add 'unit'"),
        ('unit = "m"\n', 'unit = "metres"\n', "indicators.high.unit", "is unknown; use one of m, mm"),
        ('source = "a gauge made up for a test"\n', "", "indicators.high.source", "is missing"),
        ('source = "a gauge made up for a test"\n', 'source = ""\n', "indicators.high.source", "at least 1 character"),
        ("lead_window_hours = [0.0, 0.0]\n", "", "indicators.high.lead_window_hours", "is missing"),
        ("[0.0, 0.0]", "[12, 3]", "indicators.high", "is empty; give earliest, then latest"),
        ("valid_hours = 1.0\n", "", "indicators.high.valid_hours", "is missing"),
        ('operator = ">="', 'operator = "=="', "indicators.high.operator", "'==' does not fit"),
        ("value = 1.5", "value = nan", "indicators.high.value", "finite number"),
        ("valid_hours", "probability = 1.0\nvalid_hours", "indicators.high.probability", "less than 1"),
        ("[0.0, 0.0]", "[0, 24]\nduration_hours = 48", "indicators.high", "48 h does not fit into leads of 0 to 24"),
        ("valid_hours", "duration_hours = 9\nvalid_hours", "indicators.high", "a reading has no duration ahead"),
        ("valid_hours", "valid_hour", "indicators.high.valid_hour", "known keys here: variable"),
        ('stop = { when = "not left", for_hours = 4.0 }\n', "", "phases.0.stop", "is missing.*add 'stop'"),
        (', for_hours = 4.0 }', " }", "phases.0.stop.for_hours", "is missing"),
        ("degraded = {", "degrade = {", "phases.0.degrade", "known keys here: name, title"),
        (', decided_by = "the duty officer"', "", "phases.0.degraded.decided_by", "is missing"),
        ('response = "Execute"', 'response = "AllClear"', "phases.0.response", "'AllClear' does not fit"),
        ('start = "high"', 'start = "hihg"', "phases.0.start", "'hihg' is no known indicator; known: high, left"),
        ('start = "high"', 'start = "high >= 3"', "phases.0.start", "only names of indicators"),
        ('start = "high"', 'start = "left"', "phases.0.stop.when", None),
        ("value = 1.2", "value = 1.8", "phases.0.stop.when", "make 'left' no stricter than 'high'"),
        ('variable = "neighbour"', 'variable = "sea"', "phases.0.degraded.fallback", "that it should replace"),
        ('fallback = "spare", ', "", "indicators.spare", "is used by no phase"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_place_and_remedy(
    path: Path, old: str, new: str, location: str, message: str | None
) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    faults = lint(path)
    if message is None:  # starting and stopping on one value is allowed; but then no phase uses 'high'
        assert [fault.where for fault in faults] == [f"{path} [indicators.high]"]
        return
    assert any(fault.where == f"{path} [{location}]" for fault in faults)
    with pytest.raises(InputError, match=message):
        raise next(fault for fault in faults if fault.where == f"{path} [{location}]")
    with pytest.raises(InputError):
        load_protocol(path)


def test_every_fault_is_named_at_once(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    text = text.replace('unit = "m"\n', "", 2).replace('stop = { when = "not left", for_hours = 4.0 }\n', "")
    path.write_text(text, encoding="utf-8")
    assert [fault.where.split("[")[1] for fault in lint(path)] == [
        "indicators.high.unit]", "indicators.left.unit]", "phases.0.stop]",
    ]  # fmt: skip


def test_phases_need_unique_names_and_a_protocol_needs_a_phase() -> None:
    high = {"high": reading("sea", 1.5)}
    twice = phase(stop="not high", fallback=None)
    with pytest.raises(ValueError, match="'close' is there twice"):
        protocol(high, twice, twice)
    with pytest.raises(ValueError, match="contains no phase"):
        protocol(high)


def test_the_protocol_of_a_plan_can_be_checked_as_well(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    content = {"protocol": GATE.model_dump(mode="json")}
    plan.write_text(json.dumps(content))
    assert lint(plan) == []
    del content["protocol"]["phases"][0]["degraded"]
    plan.write_text(json.dumps(content))
    assert [fault.where for fault in lint(plan)] == [f"{plan} [phases.0.degraded]"]
    for wrong in ("{}", "[1]", "no"):
        plan.write_text(wrong)
        with pytest.raises(InputError, match="or a protocol in TOML"):
            lint(plan)


def test_indicators_and_expressions_are_formatted_as_sentences() -> None:
    likely = ahead("forecast_sea", 1.2, 0.5, (3, 12), duration_hours=6)
    assert format_indicator(likely) == (
        "a chance of more than 50 % of forecast sea at or above 1.20 m for 6 hours or longer, 3 to 12 hours ahead"
    )
    assert format_expression("not high and (left or spare)", GATE.indicators) == (
        "sea below 1.50 m; and (sea at or above 1.20 m; or neighbour at or above 1.30 m)"
    )
