"""Fixtures of several benchmarks; all of their tests are slow."""

import os
from pathlib import Path

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What benchmarks measure is left out of `make test-fast`: no command of the package runs them."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def simulated_coasts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder in which a coast that one benchmark has simulated is found by the next, whichever worker runs it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "coasts"
    folder.mkdir(exist_ok=True)
    return folder
