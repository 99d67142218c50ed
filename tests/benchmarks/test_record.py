"""The envelope that every benchmark writes."""

import hashlib
import json

import numpy as np
import pytest

from benchmarks.record import Record, markdown_table, sha256, shown, write_record

FIELDS = {"benchmark", "provenance", "commit", "machine", "data", "seeds", "rows", "summary"}


def record(**changes):
    rows = [{"case": "rest", "rest_error_m": np.float64(0.0), "csi": float("nan")}]
    return Record(**({"benchmark": "physics", "provenance": "simulated", "data": {}, "seeds": [0], "rows": rows,
                      "summary": {"n": np.int64(1)}} | changes))  # fmt: skip


def test_the_envelope_has_the_agreed_fields_and_strict_json(tmp_path):
    write_record(record(), tmp_path / "results" / "physics.json")
    read = json.loads((tmp_path / "results" / "physics.json").read_text(), parse_constant=pytest.fail)
    assert set(read) == FIELDS
    assert read["rows"] == [{"case": "rest", "rest_error_m": 0.0, "csi": None}]
    assert read["summary"] == {"n": 1}


def test_a_record_that_fails_half_way_leaves_the_old_one(tmp_path):
    out = tmp_path / "physics.json"
    write_record(record(), out)
    before = out.read_bytes()
    with pytest.raises(TypeError):
        write_record(record(summary={"bad": object()}), out)
    assert out.read_bytes() == before


def test_a_folder_is_known_by_all_its_files(tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    assert sha256(tmp_path / "a") == hashlib.sha256(b"1").hexdigest()
    one = sha256(tmp_path)
    (tmp_path / "b").write_bytes(b"2")
    assert sha256(tmp_path) != one


def test_a_table_shows_a_dash_where_nothing_was_measured():
    assert shown(float("nan")) == shown(None) == "–"
    assert shown(1.23456e8) == "1.23e+08"
    assert markdown_table([{"a": 1.0}], ["a", "b"]) == "| a | b |\n| --- | --- |\n| 1 | – |\n"
