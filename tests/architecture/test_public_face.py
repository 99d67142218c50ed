"""What `import strandline` offers: every name exists, and nothing heavy is loaded before it is used."""

import subprocess
import sys

import pytest

import strandline


@pytest.mark.parametrize("name", strandline.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(strandline, name)
    assert name == "__version__" or value.__doc__


def test_the_face_loads_nothing_before_it_is_used() -> None:
    program = "import sys, strandline; print([m for m in ('torch', 'numpy', 'xarray', 'pandas') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert found.strip() == "[]"


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'sceptics'"):
        _ = strandline.sceptics  # type: ignore[attr-defined]
