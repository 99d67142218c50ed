"""The server refuses what it cannot serve."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from strandline.cli.main import app as command_line
from strandline.errors import InputError
from strandline.watch.store import Damaged
from strandline.web.run_folder import RunFolder, open_runs
from strandline.web.server import listening, prepare
from tests.fixtures.web import make_run, make_watch

pytestmark = pytest.mark.slow


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_missing_runs_missing_stores_and_taken_ports_are_refused(runs: dict[str, RunFolder], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no finished run"):
        open_runs([tmp_path])
    (tmp_path / "summary.json").write_text("{}")
    with pytest.raises(InputError, match=r"summary.json: cannot be read"):
        open_runs([tmp_path])
    (tmp_path / "summary.json").write_text('{"familiarity": null}')
    with pytest.raises(InputError, match=r"written by an older version; run `strandline run` again"):
        open_runs([tmp_path])
    with pytest.raises(InputError, match="no such store"):
        prepare([runs["after"].path], str(tmp_path / "no.db"), "127.0.0.1", [])
    assert not (tmp_path / "no.db").exists()
    assert prepare([runs["after"].path], None, "127.0.0.1", []).token.is_new
    assert prepare([runs["after"].path], None, "127.0.0.1", []).hint is None
    with pytest.raises(InputError, match="no run is given"):
        prepare([], None, "127.0.0.1", [])
    with listening("127.0.0.1", 0) as (address, _):
        taken = int(address.rstrip("/").rpartition(":")[2])
        with pytest.raises(InputError, match=f"{taken}: cannot be bound"), listening("127.0.0.1", taken):
            pass
    assert list(open_runs([runs["after"].path, runs["after"].path])) == ["after", "after-2"]


def test_the_command_explains_itself_and_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = CliRunner().invoke(command_line, ["serve", "--help"])
    assert "127.0.0.1" in shown.output
    monkeypatch.setitem(__import__("sys").modules, "fastapi", None)
    refused = CliRunner().invoke(command_line, ["serve"])
    assert isinstance(refused.exception, InputError)
    assert "strandline[serve]" in str(refused.exception)


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0 and no more"])
def test_a_damaged_store_is_not_served_and_not_made_anew(
    runs: dict[str, RunFolder], tmp_path: Path, content: bytes
) -> None:
    """On 2d0579a an empty file became an empty store."""
    run = make_run(tmp_path / "run")
    make_watch(run, 1).store.close()
    (run.path / "watch.db").write_bytes(content)
    with pytest.raises(Damaged):
        prepare([run.path], None, "127.0.0.1", [])
    assert (run.path / "watch.db").read_bytes() == content
    (tmp_path / "empty.db").write_bytes(b"")
    with pytest.raises(InputError, match="holds no store"):
        prepare([run.path], str(tmp_path / "empty.db"), "127.0.0.1", [])
