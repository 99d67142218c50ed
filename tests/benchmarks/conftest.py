"""Fixtures of several benchmarks."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def simulated_coasts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder in which a coast that one benchmark has simulated is found by the next."""
    return tmp_path_factory.mktemp("coasts")
