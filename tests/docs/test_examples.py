"""Examples run as they stand, and show what they claim to show."""

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.slow
def test_a_library_user_distils_two_networks_of_their_own_and_gains(capsys: pytest.CaptureFixture[str]) -> None:
    alone, taught = runpy.run_path(str(EXAMPLES / "distil_your_own.py"))["main"]()
    assert taught > alone + 0.005
    told = capsys.readouterr().out
    assert told.startswith("Distil: the teacher is right here")
    assert f"IoU {alone:.3f} on 60 new synthetic scenes" in told
    assert f"IoU {taught:.3f} on 60 new synthetic scenes" in told
