"""Region files whose paths may not leave their folder."""

from pathlib import Path

import pytest

from strandline.errors import InputError
from strandline.observations.region_file import load_region_file, refuse_paths_outside
from tests.fixtures.region_files import REGION_FILE


@pytest.mark.parametrize(
    ("stated", "instead"),
    [
        ('"dem.tif"', '"/etc/passwd"'), ('"dem.tif"', '"../dem.tif"'),
        ('"levels.csv"', '["levels.csv", "a/../../b.csv"]'),
        ('"assets.geojson"', '"linked/assets.geojson"'), ('"levels.csv"', '"linked.csv"'),
    ],
)  # fmt: skip
def test_a_path_that_leaves_is_refused_by_its_key_also_beside_other_faults(
    tmp_path: Path, stated: str, instead: str
) -> None:
    folder = tmp_path / "place"
    folder.mkdir()
    (tmp_path / "levels.csv").write_text("a secret")
    (folder / "linked.csv").symlink_to(tmp_path / "levels.csv")
    (folder / "linked").symlink_to(tmp_path)
    path = folder / "place.toml"
    path.write_text(REGION_FILE)
    refuse_paths_outside(path)
    for text in (REGION_FILE, REGION_FILE.replace('unit = "m"', 'unit = "cubits"')):
        path.write_text(text.replace(stated, instead))
        with pytest.raises(InputError, match=r"leads out of the place's folder"):
            refuse_paths_outside(path)


def test_other_faults_are_left_to_the_check_and_elsewhere_paths_are_free(tmp_path: Path) -> None:
    path = tmp_path / "place.toml"
    path.write_text(REGION_FILE.replace('unit = "m"', 'unit = "cubits"'))
    refuse_paths_outside(path)
    path.write_text(REGION_FILE.replace('"dem.tif"', '"/data/dem.tif"'))
    assert load_region_file(path).terrain.path == Path("/data/dem.tif")
