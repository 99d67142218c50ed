"""`strandline check` finds what a run refuses, all of it, by the code of the run."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from strandline.errors import StrandlineError
from strandline.observations.readers.formats.reading_process import in_this_process
from strandline.observations.region_file import load_region_file
from strandline.observations.sea_level.harmonic_tide import TidalConstants, predict_tide
from strandline.pipeline import jobs
from strandline.pipeline.study_area import open_study_area
from strandline.pipeline.study_area.verdict import Verdict, examine
from tests.fixtures.batches import hours, make_tide
from tests.fixtures.region_files import write_levels, write_place, write_terrain

pytestmark = pytest.mark.slow

LATE = {
    "radar without VH": (
        '[sar]\nscale = "dB"\nbands = { vv = 1 }\nscenes = [{ path = "sar.tif", time = 2020-01-10T08:00:00Z }]\n',
        "[sar]",
    ),
    "optical without short waves": (
        "[optical]\nbands = { green = 1, near_infrared = 1 }\nreflectance_scale = 0.0001\n"
        'scenes = [{ path = "dem.tif", time = 2020-01-11 }]\n',
        "[optical.bands]",
    ),
    "a year that has passed": (
        '[scenarios]\nreturn_periods = [2.0, 10.0]\n[[scenarios.sea_level_rise]]\nscenario = "SSP2-4.5"\nyear = 2020\n',
        "[[scenarios.sea_level_rise]]",
    ),
}
"""What a run refused after minutes, while check had called the place usable: sections and where it is named."""


def verdict_of(path: Path) -> Verdict:
    return examine(path, None, in_this_process).verdict


def add(path: Path, text: str) -> Path:
    path.write_text(path.read_text() + "\n" + text)
    return path


@pytest.mark.parametrize("case", LATE)
def test_check_finds_what_a_run_refused_late(case: str, tmp_path: Path) -> None:
    sections, where = LATE[case]
    write_terrain(tmp_path / "sar.tif", np.full((16, 16), -12.0))
    verdict = verdict_of(add(write_place(tmp_path, days=150), sections))
    (refusal,) = (one for one in verdict.refusals if one.where == where)
    assert refusal.remedy
    with pytest.raises(StrandlineError, match=r"sar|optical|scenarios"):
        open_study_area(load_region_file(tmp_path / "place.toml"))


@pytest.mark.parametrize(
    ("section", "key", "right"),
    [
        ('recipe = "artcle"', "recipe", "is 'article' meant? name one of amortised, article"),
        ('without = ["ewc"]', "without", "its parts are archive, soft_targets, task_loss"),
        ('recipe = "article"\nwithout = ["mc-dropout"]', "without", "is 'mc_dropout' meant? name one of archive"),
        ('recipe = "article"\nalignment = "quantum"', "alignment", "name one of cosine, linear_cka, rbf"),
        ('alignment = "rbf"', "alignment", "name the recipe 'article' as well"),
    ],
)
def test_check_finds_a_recipe_part_or_alignment_that_a_run_refuses(
    section: str, key: str, right: str, tmp_path: Path
) -> None:
    path = add(write_place(tmp_path, days=150), f"[distillation]\n{section}\n")
    (refusal,) = verdict_of(path).refusals
    assert refusal.where == f"[distillation.{key}]"
    assert right in refusal.remedy
    with pytest.raises(StrandlineError, match=rf"place\.toml \[distillation\.{key}\]: "):
        jobs.real(path, None, 1, recipe="article")


def test_a_sound_place_runs_and_the_verdict_says_what_its_scores_mean(tmp_path: Path) -> None:
    verdict = verdict_of(write_place(tmp_path, days=150))
    assert verdict.runs
    assert any("simulated floods alone" in sentence for sentence in verdict.scope)


def test_all_problems_are_named_at_once(tmp_path: Path) -> None:
    path = add(write_place(tmp_path, days=150), LATE["a year that has passed"][0])
    (tmp_path / "maxima.csv").write_text("")
    text = path.read_text().replace('unit = "m"\ntime_zone', 'unit = "m"\ntime_zon', 1)
    path.write_text(text)
    verdict = verdict_of(path)
    named = " ".join(one.where for one in verdict.refusals)
    for where in ("tide_gauge", "maxima.csv", "[[scenarios.sea_level_rise]]"):
        assert where in named, named


def test_a_survey_of_a_held_out_flood_defines_the_scores(tmp_path: Path) -> None:
    path = write_place(tmp_path, days=150)
    (tmp_path / "marks.csv").write_text("lon,lat,deep\n15.01,45.16,0.4\n")
    survey = (
        '[[flood_survey]]\nkind = "marks"\npath = "marks.csv"\ntime = 2020-01-10T06:00:00Z\n'
        'columns = { longitude = "lon", latitude = "lat", depth = "deep" }\nunit = "m"\n'
    )
    add(path, survey)
    assert any("train the maps" in sentence for sentence in verdict_of(path).scope)
    add(path, "[split]\nheld_out = [[2020-01-09, 2020-01-12]]\n")
    assert any("held-out flood of 2020-01-10" in sentence for sentence in verdict_of(path).scope)
    path.write_text(path.read_text().replace("time = 2020-01-10T06:00:00Z", "time = 2019-01-10"))
    assert any("in none of the" in sentence for sentence in verdict_of(path).scope)


def test_radar_scenes_are_judged_by_the_sea_at_their_hour_and_by_the_hours_of_the_satellite(tmp_path: Path) -> None:
    path = write_place(tmp_path, days=150)
    write_terrain(tmp_path / "sar.tif", np.full((16, 16), -12.0))
    scenes = ", ".join(
        f'{{ path = "sar.tif", time = {when}Z }}' for when in ("2020-01-10T05:02:00", "2021-01-10T11:02:00")
    )
    radar = f'[sar]\nscale = "dB"\nbands = {{ vv = 1, vh = 1 }}\nscenes = [{scenes}]\nreference = ["sar.tif"]\n'
    verdict = verdict_of(add(path, radar))
    assert any("The sea was read at the hour of 1 of 2" in sentence for sentence in verdict.scope)
    (doubt,) = (each for each in verdict.doubts if each.startswith("[sar]"))
    assert "1 of 2 scenes, 2021-01-10T11:02Z the first" in doubt
    sections = path.read_text().split("[[tide_gauge]]")
    path.write_text(sections[0] + radar)
    assert any("is unknown, so that none is used" in sentence for sentence in verdict_of(path).scope)


def test_cyclones_that_no_gauge_saw_are_said_to_be_unused(tmp_path: Path) -> None:
    path = write_place(tmp_path, days=150)
    path.write_text(path.read_text().split("[extremes]")[0] + "[assets]" + path.read_text().split("[assets]")[1])
    rows = "".join(
        f"S{year},{year}-01-0{day} 00:00:00,{14 + day / 4},45.1,{40 + day},99{day}\n"
        for year in range(1990, 2000) for day in range(1, 8)
    )  # fmt: skip
    (tmp_path / "tracks.csv").write_text("track_id,time,lon,lat,wind,slp\n" + rows)
    verdict = verdict_of(add(path, '[storms]\npath = "tracks.csv"\ndistance = 300.0\n'))
    assert any("10 cyclones were read, 0 of them passed while the gauge was read" in each for each in verdict.doubts)


def test_a_gauge_62_km_away_is_doubted(tmp_path: Path) -> None:
    path = write_place(tmp_path, days=150)
    shifted = 45.2 + 62.0 / 111.2 - 0.03
    path.write_text(path.read_text().replace("latitude = 45.2", f"latitude = {shifted:.3f}"))
    verdict = verdict_of(path)
    assert verdict.runs
    assert any("km from region 'Handmade'" in each and "h earlier or later" in each for each in verdict.doubts)


def test_a_wrong_phase_of_one_constituent_is_found(tmp_path: Path) -> None:
    path = write_place(tmp_path, days=150)
    time = np.arange("2020-01-01", "2020-05-30", dtype="datetime64[h]").astype("datetime64[ns]")
    truth = TidalConstants("here", 45.2, "made", {"M2": 0.5, "S2": 0.2}, {"M2": 30.0, "S2": 200.0})
    write_levels(tmp_path / "levels.csv", time, 0.2 + predict_tide(truth, time))
    (tmp_path / "tides.csv").write_text("id,name,amplitude_m,phase_deg\nhere,M2,0.5,30\nhere,S2,0.2,70\n")
    found = [one for one in verdict_of(path).refusals if "S2" in one.what]
    assert len(found) == 1
    assert "130 degrees behind" in found[0].what


def test_a_gauge_a_metre_off_is_found(tmp_path: Path) -> None:
    path = write_place(tmp_path, days=150)
    table = pd.read_csv(tmp_path / "levels.csv")
    table.assign(level=table["level"] + 1.0).to_csv(tmp_path / "levels.csv", index=False)
    found = [one for one in verdict_of(path).refusals if one.where == "gauge 'Pier'"]
    assert any("1.0" in one.what and "too high" in one.what for one in found)


def test_bounds_without_whole_cells_hide_no_other_fault(tmp_path: Path) -> None:
    path = add(write_place(tmp_path, days=150), "[storms]\npath = 3\n")
    path.write_text(path.read_text().replace("cell_size = 100.0", "cell_size = 90.0"))
    verdict = verdict_of(path)
    assert any("whole number" in one.what for one in verdict.refusals)
    assert any("[storms.distance]" in one.where for one in verdict.refusals)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("geoid model", ["metres = -3.20, uncertainty = 0.51", "that stands at the zero of the geoid model"]),
        ("chart datum", ["mean 3.20 m above its zero (2020), which leads to no chart datum"]),
    ],
)
def test_an_offset_that_nobody_gave_is_computed_from_the_readings_and_its_doubt_is_said(
    kind: str, words: list[str], tmp_path: Path
) -> None:
    path = write_place(tmp_path, days=200)
    time = hours(200)
    write_levels(tmp_path / "levels.csv", time, 3.2 + make_tide(time))
    text = path.read_text().replace('kind = "chart datum"', f'kind = "{kind}"', 1)
    before, gauge = text.split("[[tide_gauge]]")
    zero = 'vertical_datum = { name = "zero of the pier", kind = "local" }'
    path.write_text(before + "[[tide_gauge]]" + gauge.replace('vertical_datum = "region"', zero, 1))
    (refusal,) = (each for each in verdict_of(path).refusals if "zero of the pier" in each.what)
    for each in ["a levelled benchmark", *words]:
        assert each in refusal.remedy
