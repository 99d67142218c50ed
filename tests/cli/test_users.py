"""`strandline users`: accounts by commands, and each change in the log."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.agent.scripted_watch import START, open_store, write_step
from strandline.cli.main import app
from strandline.errors import InputError
from strandline.watch.alerts.accounts import load_accounts

pytestmark = pytest.mark.slow
PASSWORD = "four words that only tests know"


def call(run: Path, *words: str, password: str | None = None):
    return CliRunner().invoke(
        app, ["users", *words, "--run", str(run)], input=None if password is None else f"{password}\n"
    )


def test_accounts_are_added_listed_changed_and_removed_and_the_log_says_so(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "watch.db")) as store, store.step(START) as step:
        write_step(step, 0)
    for name, person, role in (("ada", "Ada Vento", "duty_officer"), ("bo", "Bo Lund", "viewer")):
        done = call(tmp_path, "add", name, "--name", person, "--role", role, password=PASSWORD)
        assert done.exit_code == 0, done.output
    assert PASSWORD not in done.output
    assert "there are fewer" in done.stderr
    assert call(tmp_path, "role", "bo", "--role", "duty_officer").exit_code == 0
    shown = json.loads(call(tmp_path, "list", "--json").stdout)
    assert [one["role"] for one in shown["accounts"]] == ["duty_officer", "duty_officer"]
    assert shown["persons_to_release"] == 2
    assert call(tmp_path, "remove", "bo").exit_code == 0
    assert call(tmp_path, "release", "--persons", "1", "--because", "one officer; council").exit_code == 0
    accounts = load_accounts(tmp_path / "watch.db.users")
    assert accounts.find("ada", PASSWORD) is not None
    assert accounts.can_release
    with open_store(str(tmp_path / "watch.db")) as store:
        said = [entry.text for entry in store.read.log() if entry.kind == "account"]
        assert said == [
            "ada (Ada Vento) is added as duty_officer", "bo (Bo Lund) is added as viewer", "bo becomes duty_officer",
            "bo is removed", "a warning needs 1 duty officer alone: one officer; council",
        ]  # fmt: skip
        assert store.verify(tmp_path / "watch-alerts").findings == ()


@pytest.mark.parametrize(
    "words",
    [("add", "ada"), ("add",), ("role", "ada"), ("remove", "ada"), ("release",), ("release", "--persons", "1"),
     ("password", "ada")],
)  # fmt: skip
def test_what_lacks_something_is_refused_and_changes_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    refused = call(tmp_path, *words, password=PASSWORD)
    assert isinstance(refused.exception, InputError)
    assert not (tmp_path / "watch.db.users").exists()
