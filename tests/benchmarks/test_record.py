"""The JSON record and the tables of the benchmarks."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import table_of
from benchmarks.origin import command, commit, this_run
from benchmarks.record import Record, kept_rows, markdown_table, read_record, sha256, shown, write_record

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"

FIELDS = {"benchmark", "provenance", "command", "commit", "machine", "cpu_seconds", "wall_seconds", "data", "seeds",
          "rows", "summary"}  # fmt: skip


def record(**changes):
    rows = [{"case": "rest", "rest_error_m": np.float64(0.0), "csi": float("nan")}]
    return Record(**({"benchmark": "physics", "provenance": "simulated", "data": {}, "seeds": [0], "rows": rows,
                      "summary": {"n": np.int64(1)}} | changes))  # fmt: skip


def test_the_envelope_has_the_agreed_fields_and_strict_json(tmp_path):
    write_record(record(), tmp_path / "results" / "physics.json", "a table\n")
    read = json.loads((tmp_path / "results" / "physics.json").read_text(), parse_constant=pytest.fail)
    assert set(read) == FIELDS
    assert read["rows"] == [{"case": "rest", "rest_error_m": 0.0, "csi": None}]
    assert read["summary"] == {"n": 1}
    assert (tmp_path / "results" / "physics.md").read_text() == f"    {read['command']}\n\na table\n"


def test_a_row_is_a_line_and_says_what_its_values_are(tmp_path):
    rows = [{"name": "Nha Trang – bến", "rows": "[]", "value": 0.1}, {"name": "b", "rows": "", "value": None}]
    write_record(record(rows=rows, tables={"coasts": rows, "none": []}), tmp_path / "physics.json", "")
    text = (tmp_path / "physics.json").read_text()
    assert [json.loads(line.rstrip(",")) for line in text.splitlines() if "name" in line] == rows * 2
    assert json.loads(text)["tables"] == {"coasts": rows, "none": []}


def test_a_record_knows_what_processor_time_it_took_with_that_of_finished_children():
    before = this_run()
    subprocess.run([sys.executable, "-c", "sum(range(3 * 10**7))"], check=True)
    after = this_run()
    assert after.cpu_seconds >= before.cpu_seconds + 0.1
    assert after.wall_seconds >= before.wall_seconds + 0.1


def test_code_that_is_in_no_commit_is_a_change_and_a_new_result_is_none(tmp_path):
    def git(*words):
        settings = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
        return subprocess.run(
            ["git", *settings, *words], cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout

    git("init", "-q")
    (tmp_path / "benchmarks" / "results").mkdir(parents=True)
    (tmp_path / "benchmarks" / "speed.py").write_text("1")
    git("add", ".")
    git("commit", "-qm", "first", "--no-verify")
    (tmp_path / "benchmarks" / "results" / "speed.json").write_text("{}")
    assert commit(tmp_path) == git("rev-parse", "--short", "HEAD").strip()
    (tmp_path / "benchmarks" / "new.py").write_text("1")
    assert commit(tmp_path).endswith("+changes")


def test_a_command_is_as_it_was_run_without_the_folders_of_the_machine():
    run = ["/home/her/bin/python3", "-m", "benchmarks.surge", "--data", "/home/her/gauges", "--out=/tmp/a.json",
           "--work", "runs/a b", "--region", "../shared/x.toml"]  # fmt: skip
    asked = "python -m benchmarks.surge --data gauges --out=a.json --work 'runs/a b' --region ../shared/x.toml"
    assert command(run) == asked


def test_a_record_that_fails_half_way_leaves_the_old_one(tmp_path):
    out = tmp_path / "physics.json"
    write_record(record(), out, "")
    before = out.read_bytes()
    with pytest.raises(TypeError):
        write_record(record(summary={"bad": object()}), out, "")
    assert out.read_bytes() == before


def test_a_record_is_read_as_it_was_written(tmp_path):
    table = {"coasts": [{"coast": 500, "elevation_error": 1.3}]}
    write_record(record(tables=table), tmp_path / "delta.json", "")
    read = read_record(tmp_path / "delta.json")
    assert read == record(rows=[{"case": "rest", "rest_error_m": 0.0, "csi": None}], summary={"n": 1}, tables=table)


def test_parts_that_are_not_measured_again_keep_their_rows(tmp_path):
    out = tmp_path / "speed.json"
    assert kept_rows(out, lambda row: str(row["part"]), ("start",)) == []
    write_record(record(rows=[{"part": "start"}, {"part": "demo"}]), out, "")
    assert kept_rows(out, lambda row: str(row["part"]), ("start",)) == [{"part": "demo"}]


@pytest.mark.parametrize("path", sorted(set(RESULTS.glob("*.json")) - {RESULTS / "demo.json", RESULTS / "caorle.json"}),
                         ids=lambda path: path.stem)  # fmt: skip
def test_the_table_of_each_result_is_the_one_its_rows_give(path):
    assert table_of(path) == path.with_suffix(".md").read_text()


def test_the_digest_of_a_folder_covers_all_its_files(tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    assert sha256(tmp_path / "a") == hashlib.sha256(b"1").hexdigest()
    one = sha256(tmp_path)
    (tmp_path / "b").write_bytes(b"2")
    assert sha256(tmp_path) != one


def test_a_table_shows_a_dash_where_nothing_was_measured():
    assert shown(float("nan")) == shown(None) == "–"
    assert shown(1.23456e8) == "1.23e+08"
    assert markdown_table([{"a": 1.0}], ["a", "b"]) == "| a | b |\n| --- | --- |\n| 1 | – |\n"
