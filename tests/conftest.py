"""Fixtures that every test may ask for."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data, or a visible skip where it is not at hand."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("STRANDLINE_DATA", default))
    if not (folder / "README.md").exists():
        pytest.skip(f"real data not found at {folder}; set STRANDLINE_DATA to run this test")
    return folder
