"""``strandline lint`` names the faults of a protocol and refuses it."""

import sys
from pathlib import Path

import pytest

from strandline.cli.main import main
from strandline.planning.early_action.protocol_file import protocol_to_toml
from tests.fixtures.protocols import GATE


def lint(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], path: Path) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["strandline", "lint", str(path)])
    with pytest.raises(SystemExit) as end:
        main()
    output = capsys.readouterr()
    return int(end.value.code or 0), output.out + output.err


def test_a_protocol_that_is_fit_for_use_passes_and_one_without_rules_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "gate.toml"
    path.write_text(protocol_to_toml(GATE), encoding="utf-8")
    assert lint(monkeypatch, capsys, path) == (0, f"{path}: fit for use\n")
    kept = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith(("stop", "degraded"))]
    path.write_text("\n".join(kept), encoding="utf-8")
    code, output = lint(monkeypatch, capsys, path)
    assert code == 2
    assert "[phases.0.stop]: is missing" in output
    assert "[phases.0.degraded]: is missing" in output
    assert "is not fit for use (2 faults)" in output
