"""The waves of a region file, in a study area and in what a reader of its run must know."""

from pathlib import Path

import numpy as np
import pytest

from strandline.errors import InputError
from strandline.observations.region_file import load_region_file
from strandline.pipeline.stages.warnings import wave_warnings
from strandline.pipeline.study_area import StudyArea, open_study_area
from tests.fixtures.region_files import write_region_folder


def opened(folder: Path, section: str = "") -> StudyArea:
    path = write_region_folder(folder)
    path.write_text(path.read_text(encoding="utf-8") + section, encoding="utf-8")
    return open_study_area(load_region_file(path))


def test_stated_waves_are_those_of_the_highest_reading_and_the_report_says_so(tmp_path: Path) -> None:
    area = opened(tmp_path, "\n[waves]\nheight = 2.5\nperiod = 8.0\nbeach_slope = 0.02\n")
    waves = area.observations.waves
    assert waves is not None
    assert waves.highest == pytest.approx(float(np.nanmax(area.own_level[1])))
    (sentence,) = wave_warnings(area)
    assert f"lift the sea at the shore by {waves.set_up:.2f} m" in sentence


def test_a_place_without_waves_has_none_and_says_nothing(tmp_path: Path) -> None:
    area = opened(tmp_path)
    assert area.observations.waves is None
    assert wave_warnings(area) == ()


def test_a_fetch_needs_a_wind(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no wind was observed here"):
        opened(tmp_path, "\n[waves]\nfetch = 20000.0\ndepth = 4.0\nbeach_slope = 0.02\n")
