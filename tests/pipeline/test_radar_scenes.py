"""Radar scenes of a place: the sea at each, the maps and waterlines made of them, and what is refused."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr
from scipy.signal import lfilter

from strandline.distillation.adaptation.data import build_adaptation_data
from strandline.distillation.adaptation.radar_scenes import judge_scenes, with_shares
from strandline.distillation.waterlines.effective_elevation import RESPONSE, SPACING, depth_class_probability
from strandline.distillation.waterlines.flood_archive import (
    BOUND_SPREADS,
    FloodArchive,
    compute_waterlines,
    waterline_bounds,
)
from strandline.models.batching import build_storm_batch
from strandline.models.weights.load_weights import load_teacher
from strandline.observations.observations import Observations, Provenance
from strandline.observations.sea_level.scenes.levels import GAUGE_SD, LevelsAtScenes, levels_at_scenes
from strandline.observations.variables import as_variable
from strandline.observations.weather.storms import Split, find_storms
from strandline.pipeline.radar_scenes import compile_radar
from strandline.pipeline.stage_runner import StageContext
from strandline.pipeline.stages import record
from strandline.pipeline.study_area import StudyArea
from strandline.pipeline.study_area.assumed_sea import AssumedSea
from strandline.report.radar_scenes import radar_scenes_csv, scene_rows, scene_sentences
from strandline.risk.hazard.without_record import SeaErrors
from tests.fixtures.batches import (
    HERE,
    HOUR,
    MEAN_SEA_LEVEL,
    ground,
    hours,
    make_observations,
    make_sea_level_model,
    make_tide,
    scenes,
)

PEAKS = ("2020-01-10T06", "2020-01-25T18")
FIRST, SECOND = (np.datetime64(peak, "ns") for peak in PEAKS)
MODEL = make_sea_level_model()
TIMES = [FIRST - 40 * HOUR, FIRST + 6 * HOUR, FIRST + 120 * HOUR, SECOND + 5 * HOUR, FIRST + 400 * 24 * HOUR]
"""Before the first storm, in its flood, on a calm day, in the flood of the second storm, and after the record."""


def place(times: list[np.datetime64] = TIMES, kind: str = "real") -> Observations:
    """The handmade coast with radar scenes that show as water what lies below the sea."""
    dry = np.where(ground() < -1, -22.0, -11.0)
    level = MEAN_SEA_LEVEL + make_tide(np.array(times))
    vv = np.stack([np.where(ground() < each, -21.0, dry) for each in level])
    vv[:, 0, 5] = np.nan
    reference = scenes(times[:1], vv=dry[None], vh=dry[None] - 6).isel(scene=0, drop=True)
    observed = make_observations(peaks=PEAKS)
    source = Provenance(kind, "made by hand")  # type: ignore[arg-type]
    known = {**observed.provenance, "sar": source, "sar_reference": source}
    return replace(observed, sar=scenes(times, vv=vv, vh=vv - 6), sar_reference=reference, provenance=known)


def split_of(observations: Observations) -> Split:
    gauge = observations.require_gauge()
    storms = find_storms(gauge["time"].values, gauge["water_level"].values[0], 2)
    return Split((storms[0],), (storms[1],), ())


def without_gauge(area: StudyArea, constants: bool = True) -> StudyArea:
    assumed = AssumedSea(SeaErrors(0.5, 0.05), "The tide is published.", "The mean is assumed.")
    return replace(area, assumed_sea=assumed, constants=MODEL.fitted.constants if constants else None)


def test_each_scene_has_a_level_with_its_source_and_a_use() -> None:
    area = StudyArea(place())
    found = compile_radar(area, split_of(area.observations), MODEL)
    assert [scene.use for scene in found.scenes] == [
        "flood archive and waterlines", "flood archive and waterlines", "flood archive and waterlines", "held out",
        "flood archive and waterlines",
    ]  # fmt: skip
    assert [scene.source for scene in found.scenes] == [*["own gauge"] * 4, "tide alone"]
    levels = area.observations.require_gauge()["water_level"].values[0]
    time = area.observations.require_gauge()["time"].values
    assert found.scenes[1].level == pytest.approx(levels[time == TIMES[1]][0], abs=0.02)
    assert found.scenes[4].level_sd > 5 * found.scenes[1].level_sd
    assert found.compiled is not None
    assert len(found.compiled.floods) == 4
    assert found.compiled.floods.require("radar_seen").any(dim=(1, 2)).all()
    assert not found.compiled.floods.gauge_seen[3].any()  # no reading of that year
    np.testing.assert_array_equal(
        found.compiled.outside(split_of(area.observations).training), [[False, False, True, True]]
    )


def test_a_scene_whose_sea_is_unknown_never_enters_the_waterlines() -> None:
    area = without_gauge(StudyArea(place()), constants=False)
    found = compile_radar(area, split_of(area.observations), MODEL)
    assert found.compiled is None
    assert {scene.why for scene in found.scenes} == {"the sea at its hour is unknown"}
    assert found.area.observations.sar is None  # physics takes over, as if no radar had been given
    assert found.warnings == ("5\xa0radar scenes of 5 not used: the sea at its hour is unknown.",)
    times = np.array(TIMES)
    mixed = replace(levels_at_scenes(times, MODEL, None), source=("unknown", *["tide alone"] * 4))
    mixed.level[0] = np.nan
    assert judge_scenes(times, mixed, [], 0.0, 0.0, [""] * 5)[0].use == "not used"


def test_real_scenes_never_show_the_storms_of_an_assumed_sea() -> None:
    area = without_gauge(StudyArea(place()))
    found = compile_radar(area, split_of(area.observations), MODEL)
    assert [scene.source for scene in found.scenes] == ["tide alone"] * 5
    assert [scene.use for scene in found.scenes] == ["flood archive and waterlines"] * 5
    assert found.compiled is not None
    assert not found.compiled.floods.gauge_seen.any()  # a simulated level is no reading
    assert all(scene.level_sd > 0.5 for scene in found.scenes)  # nor does any gauge tell the mean
    assert (found.compiled.levels.level_sd < 0.6).all()  # which ground and later levels count from alike
    storms = build_storm_batch(found.area.storm_observations, split_of(area.observations).training, MODEL, "survey")
    assert storms.radar is None
    seen = build_storm_batch(area.observations, split_of(area.observations).training, MODEL, "survey")
    assert seen.require("radar_seen").any()


def test_a_clock_six_hours_wrong_is_refused_and_named() -> None:
    right = [np.datetime64("2020-01-02T05:40", "ns") + 24 * HOUR * day for day in range(1, 36, 4)]
    area = without_gauge(StudyArea(place(right)))
    assert compile_radar(area, split_of(area.observations), MODEL).compiled is not None
    sar = area.observations.require("sar")
    late = sar.assign_coords(time=sar["time"] + np.timedelta64(6, "h"))
    wrong = replace(area, observations=replace(area.observations, sar=late))
    found = compile_radar(wrong, split_of(wrong.observations), MODEL)
    assert found.compiled is None
    (warning,) = found.warnings
    assert "fits the sea" in warning
    assert "check their clock" in warning


def late_place(scenes_of: int) -> tuple[StudyArea, np.ndarray]:
    """Scenes whose sea comes two hours after the published tide of a far station, and the tide at them [m]."""
    early = [np.datetime64("2020-01-02T00:40", "ns") + (29 * k + k * k % 7) * HOUR for k in range(scenes_of)]
    area = without_gauge(StudyArea(place(early)))
    sar = area.observations.require("sar")
    late = sar.assign_coords(time=sar["time"] + np.timedelta64(2, "h"))
    far = AssumedSea(SeaErrors(0.5, 0.9), "The tide is that of a far station.", "The mean is assumed.")
    return replace(area, observations=replace(area.observations, sar=late), assumed_sea=far), make_tide(np.array(early))


def test_a_far_stations_tide_is_corrected_by_the_scenes_before_they_count_as_waterlines() -> None:
    area, truth = late_place(30)
    found = compile_radar(area, split_of(area.observations), MODEL)
    assert {scene.source for scene in found.scenes} == {"tide fitted to the scenes"}
    level = np.array([scene.level for scene in found.scenes])
    published = make_tide(np.array([scene.time for scene in found.scenes]))
    assert np.corrcoef(level, truth)[0, 1] > 0.8 > np.corrcoef(published, truth)[0, 1]
    assert found.compiled is not None
    assert "corrected by the scenes" in " ".join(scene_sentences(found.scenes))
    few, _ = late_place(12)
    assert "tide fitted to the scenes" not in {
        scene.source for scene in compile_radar(few, split_of(few.observations), MODEL).scenes
    }


@pytest.mark.parametrize("stream", ["storms", "flood_survey"])
def test_the_tide_is_not_the_sea_of_a_day_with_a_cyclone_or_a_flood(stream: str) -> None:
    observed = place()
    near = np.array([TIMES[2] - 6 * HOUR, TIMES[2] + 6 * HOUR])
    longitude, latitude = observed.region.centre_lonlat
    fixes = xr.Dataset(
        {"maximum_wind": as_variable("maximum_wind", ("fix",), np.full(2, 40.0))},
        {
            "fix": [0, 1], "storm": ("fix", ["S", "S"]), "time": ("fix", near),
            "longitude": ("fix", np.full(2, longitude + 1)), "latitude": ("fix", np.full(2, latitude)),
        },
    )  # fmt: skip
    survey = scenes([TIMES[2] + 20 * HOUR], flood_depth=np.full((1, 16, 16), 0.3))
    told = {"storms": fixes, "flood_survey": survey}[stream]
    seen = replace(observed, **{stream: told}, provenance={**observed.provenance, stream: HERE})  # type: ignore[arg-type]
    for area, refused in ((StudyArea(seen), []), (without_gauge(StudyArea(seen)), [2])):
        found = compile_radar(area, split_of(seen), MODEL)
        assert [i for i, scene in enumerate(found.scenes) if scene.use == "not used"] == refused
    assert np.isnan(found.scenes[2].level)
    assert "no gauge tells how high the sea stood" in found.scenes[2].why
    assert found.compiled is not None
    assert torch.isfinite(found.compiled.levels.level).all()


def test_scenes_of_an_exercise_are_compiled_like_real_ones() -> None:
    area = StudyArea(place(kind="simulated"))
    assert compile_radar(area, split_of(area.observations), MODEL).compiled is not None
    assert without_gauge(area).storm_observations.sar is None


def test_radar_of_a_simulated_coast_is_left_as_it_is() -> None:
    flooded = scenes(TIMES[:1], flood_depth=np.zeros((1, 16, 16)))
    known = {**place().provenance, "truth": HERE}
    area = StudyArea(replace(place(), truth=flooded, provenance=known))
    found = compile_radar(area, split_of(area.observations), MODEL)
    assert found.area is area
    assert found.compiled is None
    assert found.scenes == ()
    assert record.add_radar_archive(StageContext(np.random.default_rng(0)), area, split_of(area.observations)) is area


@pytest.mark.slow
def test_the_archive_holds_the_teachers_maps_of_the_scenes_at_their_levels() -> None:
    area = StudyArea(place())
    split = split_of(area.observations)
    radar = compile_radar(area, split, MODEL)
    assert radar.compiled is not None
    training, calibration = (
        build_storm_batch(area.observations, part, MODEL, "survey") for part in (split.training, split.calibration)
    )
    usable = torch.from_numpy(radar.compiled.outside(split.training))
    data = build_adaptation_data(training, calibration, load_teacher(), (radar.compiled, usable))
    assert data.archive is not None
    assert len(data.archive) == 4
    torch.testing.assert_close(data.archive.level, radar.compiled.levels.level)
    torch.testing.assert_close(data.archive.level_sd, radar.compiled.levels.level_sd)
    assert not data.archive.class_probability[:, :, 0, 5].any()  # radar did not see it: not mapped, no waterline
    assert data.training.archive_seen is not None
    assert data.training.archive_seen.tolist() == [[False, False, True, True]]  # not what shows its own flood
    assert data.calibration.archive_seen is not None
    assert data.calibration.archive_seen.all()
    rows = with_shares(radar.scenes, data.first_pass, training.land[0].numpy())
    shares = [scene.share_wet for scene in rows]
    assert np.isnan(shares[3])
    assert all(0 <= share <= 1 for share in (*shares[:3], shares[4]))
    text = radar_scenes_csv(rows)
    assert text.splitlines()[0].startswith("time,sea_level,sea_level_sd,sea_level_from")
    assert len(text.splitlines()) == 6
    assert "Held out: its flood calibrates or tests" in [row.use for row in scene_rows(rows)]
    said = " ".join(scene_sentences(rows))
    assert "4\xa0scenes of 5 made the flood archive; the sea was read at the hour of 3\xa0scenes." in said
    assert "No scene shows the land at a higher sea" in said


@pytest.mark.slow
def test_one_scene_at_a_low_sea_makes_an_archive_and_lowers_no_embankment() -> None:
    tide = make_tide(hours(40))
    low = [hours(40)[300 + int(tide[300:325].argmin())]]
    area = StudyArea(place(low))
    split = split_of(area.observations)
    radar = compile_radar(area, split, MODEL)
    assert radar.compiled is not None
    training = build_storm_batch(area.observations, split.training, MODEL, "survey")
    one = torch.from_numpy(radar.compiled.outside(split.training))
    data = build_adaptation_data(training, training, load_teacher(), (radar.compiled, one))
    assert data.archive is not None
    assert data.archive.highest < 0.3
    assert bool(data.archive.is_beyond(training).all())  # storms get physics, within the bounds of this one scene
    behind = compute_waterlines(data.archive, torch.ones(1, 1, dtype=torch.bool))[0, 1]
    peak = split.training[0].peak_level - MEAN_SEA_LEVEL
    assert float(behind[5, 9]) > 0.8 * peak  # the prior counts from storms, not from a scene at a low sea


# --- truth: ground that is known, scenes of a sea that is known --------------------------------------------------

TIME = hours(60)
TIDE = make_tide(TIME)
GAUGE = make_observations(days=60, peaks=PEAKS).require_gauge()


def levels_of(when: np.ndarray, surge: np.ndarray, gauge: bool) -> LevelsAtScenes:
    """The sea at hours of a record, from its readings or from the tide alone."""
    read = GAUGE.assign(water_level=(("station", "time"), np.stack([MEAN_SEA_LEVEL + TIDE + surge] * 2)))
    return levels_at_scenes(TIME[when], MODEL, read if gauge else None)


def archives_of(truth: torch.Tensor, seed: int) -> dict[str, FloodArchive]:
    """Maps of twelve scenes on known ground; their levels are read, predicted, or predicted and taken for read."""
    rng, kept = np.random.default_rng(seed), np.exp(-1 / 24)
    noise = 0.2 * np.sqrt(1 - kept**2) * rng.standard_normal(TIME.size)
    surge = lfilter([1.0], [1.0, -kept], noise)
    when = np.sort(rng.choice(np.arange(60, TIME.size - 60), 12, replace=False))
    chance = depth_class_probability(torch.from_numpy(TIDE + surge)[when][:, None] - truth, 0.0, RESPONSE)
    drawn = torch.multinomial(chance.flatten(0, 1), 1, generator=torch.Generator().manual_seed(seed))
    probability = torch.nn.functional.one_hot(drawn.reshape(chance.shape[:2]), 5).double().movedim(-1, 1)[:, :, None]
    nothing, found = torch.zeros(1, truth.numel()), {}
    for name, by_gauge in (("gauge", True), ("tide", False), ("careless", False)):
        levels = levels_of(when, surge, by_gauge)
        level, sd = torch.from_numpy(levels.level), torch.from_numpy(levels.sd)
        sd = torch.full_like(sd, GAUGE_SD) if name == "careless" else sd
        margin = BOUND_SPREADS * sd
        found[name] = FloodArchive(probability, level, sd, nothing, nothing.bool(), 0, margin, torch.tensor(-0.1))
    return found


def test_waterlines_from_the_tide_alone_hold_the_ground_and_are_wider_than_a_gauges() -> None:
    inside, width, bounded = (defaultdict[str, list[torch.Tensor]](list) for _ in range(3))
    for seed in range(8):
        draw = torch.Generator().manual_seed(seed)
        truth = 0.4 + 0.4 * torch.randn(100, generator=draw, dtype=torch.float64)  # as the prior has it
        truth = truth[(truth > 0) & (truth < 0.7)]  # the ground between the tides, which the scenes show
        for name, archive in archives_of(truth, seed).items():
            used = torch.ones(1, len(archive), dtype=torch.bool)
            low, _, high, *_ = compute_waterlines(archive, used)[0, :, 0]
            dry, wet = (bound[0, 0] for bound in waterline_bounds(archive, used))
            inside[name].append((truth >= low - SPACING / 2) & (truth <= high + SPACING / 2))
            width[name].append(high - low)
            bounded[name].append((truth >= dry - RESPONSE.spread) & (truth <= wet + RESPONSE.spread))
    share, wide, held = (
        {name: float(torch.cat(each).double().mean()) for name, each in of.items()} for of in (inside, width, bounded)
    )
    assert share["gauge"] > 0.78
    assert share["tide"] > 0.78  # of 80 % intervals
    assert wide["tide"] > 1.15 * wide["gauge"]
    assert share["careless"] < share["tide"]
    assert held["careless"] < held["tide"] - 0.1
