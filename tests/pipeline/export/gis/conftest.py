"""What a GIS gets from a finished run, made once for the tests of this folder."""

from pathlib import Path

import pytest

from tests.fixtures.gis import make_gis


@pytest.fixture(scope="package")
def gis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gis(tmp_path_factory.mktemp("runs") / "run")
