"""The style of figures."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.report.figures.style import round_length


@settings(deadline=None)
@given(st.floats(1e-3, 1e6))
def test_the_scale_bar_is_round_and_never_too_long(longest: float) -> None:
    length = round_length(longest)
    assert length <= longest * (1 + 1e-6)
    assert length > longest / 2.51
    assert f"{length:.0e}"[0] in "125"


@pytest.mark.slow
def test_figures_leave_pyplot_and_its_global_state_alone() -> None:
    code = "import sys, strandline.report.page.page; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
