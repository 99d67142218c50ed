"""Where gauges, published maxima and terrain contradict the datums that a region file states."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import InputError
from strandline.observations.checks.datums.gauge_records import gauge_records
from strandline.observations.checks.inventory.inventory import take_inventory
from strandline.observations.region_file import load_region_file
from strandline.pipeline.study_area import open_study_area
from tests.fixtures.low_coast import TIME, check, region_file, sea_levels
from tests.fixtures.region_files import write_region_folder


def outcome(findings: tuple) -> str:
    return "refused" if any(finding.refuses for finding in findings) else "warned" if findings else "silent"


# --- from files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("shift", "expected"), [(0.0, "silent"), (0.5, "warned"), (1.0, "refused"), (1.5, "refused")])
def test_a_gauge_on_another_datum_does_not_pass_check(tmp_path: Path, shift: float, expected: str) -> None:
    path = write_region_folder(tmp_path)
    rows = (tmp_path / "levels.csv").read_text(encoding="utf-8").splitlines()
    moved = [f"{time},{float(level) + shift}" for time, level in (row.split(",") for row in rows[1:])]
    (tmp_path / "levels.csv").write_text("\n".join([rows[0], *moved]) + "\n", encoding="utf-8")
    stated = load_region_file(path)
    inventory = take_inventory(stated)
    assert outcome(inventory.findings) == expected
    assert inventory.is_usable == (expected != "refused")
    if expected == "refused":
        with pytest.raises(InputError, match=r"gauge 'Pier'.*m too high.*check unit, datum and offset_to_region_datum"):
            open_study_area(stated)
    else:
        assert bool(open_study_area(stated).warnings) == (expected == "warned")


def test_a_neighbour_that_cannot_be_read_hides_nothing_about_the_own_gauge(tmp_path: Path) -> None:
    path = write_region_folder(tmp_path)
    text = path.read_text(encoding="utf-8").replace("mean_sea_level = 0.2", "mean_sea_level = 2.0")
    own = text[text.index("[[tide_gauge]]") : text.index("[tides]")]
    neighbour = own.replace('"Pier"', '"Harbour"').replace("levels.csv", "absent.csv")
    path.write_text(text.replace("[tides]", f"{neighbour}[tides]"), encoding="utf-8")
    inventory = take_inventory(load_region_file(path))
    assert inventory.unreadable == ("tide_gauge: Harbour",)
    assert [finding.where for finding in inventory.refused] == ["gauge 'Pier'"]


# --- gauges ----------------------------------------------------------------------------------------------------------


def test_data_that_agrees_raises_nothing() -> None:
    for kind in ("local", "mean sea level", "geoid model", "chart datum"):
        assert check(region_file(kind)) == ()


@pytest.mark.parametrize("shift", [-1.5, -1.0, 1.0, 1.5])
def test_gauges_that_are_all_shifted_are_refused(shift: float) -> None:
    findings = check(region_file(), gauges=(shift, shift, shift))
    assert {finding.where for finding in findings if finding.check == "mean sea level"} == {
        "gauge 'A'", "gauge 'B'", "gauge 'C'",
    }  # fmt: skip
    assert outcome(findings) == "refused"


@pytest.mark.parametrize("shift", [-0.5, 0.5])
def test_gauges_that_are_half_a_metre_off_are_a_warning_at_least(shift: float) -> None:
    assert outcome(check(region_file(), gauges=(shift, shift, shift))) != "silent"


def test_a_mean_that_is_averaged_from_the_record_is_compared_with_the_kind_of_the_datum() -> None:
    shifted = (1.5, 1.5, 1.5)
    (finding, *_) = check(region_file("mean sea level", window=True), gauges=shifted)
    assert finding.refuses
    assert "above the region's datum 'the zero 2010-2020', a mean sea level itself" in finding.what
    (finding, *_) = check(region_file("geoid model", window=True), gauges=shifted)
    assert "it lies -0.8 to 1.3 m above a geoid model" in finding.what
    assert not finding.refuses
    low = (-1.5, -1.5, -1.5)
    (finding, *_) = check(region_file("chart datum", window=True), gauges=low)
    assert "a chart datum is a low water, below mean sea level" in finding.what
    assert finding.refuses


def test_of_three_gauges_the_one_that_two_others_contradict_is_named() -> None:
    odd = [f for f in check(region_file(window=True), gauges=(1.2, 0.0, 0.0)) if f.check == "neighbouring gauges"]
    assert [finding.where for finding in odd] == ["gauge 'A'"]
    assert "1.16 m too high beside 'B', 'C', which agree" in odd[0].what
    assert odd[0].refuses
    odd = [f for f in check(region_file(window=True), gauges=(0.0, -1.2, 0.0)) if f.check == "neighbouring gauges"]
    assert [finding.where for finding in odd] == ["gauge 'B'"]
    assert "1.17 m below gauge 'A'" in odd[0].what


def test_readings_above_the_published_maxima_all_winter_are_refused() -> None:
    def highest(**shifts: float) -> list:
        return [f for f in check(region_file(), **shifts) if f.check == "highest readings"]

    assert highest() == []
    (finding,) = highest(maxima=-1.5)
    assert finding.refuses
    assert "harbour book" in finding.what
    assert highest(maxima=1.5) == []  # 120 days may be calm


# --- terrain ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shift", "expected"),
    [(-1.5, "refused"), (-1.0, "warned"), (0.0, "silent"), (0.6, "warned"), (1.0, "refused"), (1.5, "refused")],
)
def test_a_terrain_on_another_datum_is_seen_along_the_shoreline(shift: float, expected: str) -> None:
    findings = check(region_file(), terrain=shift)
    assert outcome(findings) == expected
    assert all(finding.where == "terrain" for finding in findings)
    for finding in findings:
        assert f"too {'high' if shift > 0 else 'low'} against the gauge" in finding.what


def test_a_finding_that_a_person_answers_for_becomes_a_warning_with_the_reason() -> None:
    reason = "sea dike along the whole shore, survey of 2019"
    names = ("land along the shoreline", "lowest land")
    stated = region_file(accepted=tuple({"check": name, "reason": reason} for name in names))
    findings = check(stated, terrain=1.5)
    assert outcome(findings) == "warned"
    assert all(reason in str(finding) for finding in findings)


# --- invariants ------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=8)
@given(
    zero=st.floats(-8.0, 8.0),
    gauge=st.sampled_from([-1.0, 0.0, 0.5, 1.5]),
    terrain=st.sampled_from([-1.5, 0.0, 1.2]),
)
def test_another_zero_for_everything_changes_no_finding(zero: float, gauge: float, terrain: float) -> None:
    shifts = {"gauges": (gauge, 0.0, 0.0), "terrain": terrain}
    here, there = check(region_file(), **shifts), check(region_file(mean=zero), mean=zero, **shifts)
    assert [(f.where, f.check, f.refuses) for f in here] == [(f.where, f.check, f.refuses) for f in there]


@pytest.mark.slow
@settings(deadline=None, max_examples=5)
@given(first=st.floats(0.0, 3.0), more=st.floats(0.0, 3.0))
def test_a_larger_shift_is_never_judged_milder(first: float, more: float) -> None:
    order = ("silent", "warned", "refused")
    for name in ("terrain", "gauge"):
        near, far = (
            check(region_file(), terrain=shift) if name == "terrain" else check(region_file(), gauges=(shift,) * 3)
            for shift in (first, first + more)
        )
        assert order.index(outcome(near)) <= order.index(outcome(far))


def test_a_record_of_a_few_days_is_not_judged() -> None:
    level = sea_levels(3)[:, : 24 * 10] + 5.0
    record = xr.Dataset(
        {
            "water_level": (("station", "time"), level),
            "quality": (("station", "time"), np.zeros(level.shape, np.uint8)),
        },
        {"station": list("ABC"), "time": TIME[: 24 * 10], "mean_sea_level": ("station", np.zeros(3))},
    )
    assert not any(each.is_long_enough for each in gauge_records(region_file().tide_gauge, record))
