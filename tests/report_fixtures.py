"""A made-up coast of 40 x 48 cells with a river mouth, an unsurveyed corner and a gauge that falls silent."""

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from scipy.ndimage import gaussian_filter
from scipy.stats import norm
from shapely import Point, box

from strandline.observations import Observations, Provenance, ProvenanceKind
from strandline.planning.actions import Action, ActionStakes, FutureOutcome, Portfolio
from strandline.planning.appraisal import Robustness
from strandline.planning.back_test import BackTest
from strandline.planning.cost_loss import Expenses
from strandline.planning.pathways import Arrival, Pathways, Signpost, Step, TippingPoint
from strandline.planning.plan import Plan
from strandline.planning.protocol import DegradedRule, Event, Indicator, Phase, Protocol, StopRule
from strandline.planning.track_record import TrackRecord
from strandline.region import Region
from strandline.report.facts import Findings, Issuer, LearningScores, Reliability, RunFacts, SurgeScores
from strandline.risk.hazard import Hazard
from strandline.risk.impact import Impact
from strandline.vocabulary import as_variable

PERIODS = (2.0, 5.0, 10.0, 25.0, 50.0, 100.0)
ISSUE = pd.Timestamp("2022-11-21T18:00")
NAMES = ("Harbour school", "Clinic of the Old Mole", "Pump house 3", "Market hall", "Ferry quay", "Water works")


def a_region() -> Region:
    return Region(
        name="Mouth of the Sella", crs="EPSG:32633", bounds=(330000.0, 5050000.0, 334800.0, 5054000.0), cell_size=100.0,
        vertical_datum="local mean sea level 1992", sea_point=(332000.0, 5050100.0), continent="europe",
    )  # fmt: skip


def an_elevation() -> np.ndarray:
    """Ground [m] rising to the north, with a river, a dune and bumps; NaN in the north-east corner."""
    rng = np.random.default_rng(7)
    rows, columns = np.mgrid[0:40, 0:48]
    ground = 0.09 * (30 - rows) + 1.6 * gaussian_filter(rng.normal(size=(40, 48)), 3.0) * 6
    ground = ground + 1.5 * np.exp(-(((rows - 30) / 1.5) ** 2))
    river = np.abs(columns - (20 + 5 * np.sin(rows / 7))) < 1.6
    ground[(rows > 32) | river] = -2.0
    ground[(rows < 9) & (columns > 37)] = np.nan
    return ground


def observations(kind: ProvenanceKind) -> Observations:
    region, rng = a_region(), np.random.default_rng(11)
    ground = an_elevation()
    terrain = xr.Dataset(
        {
            "elevation": as_variable("elevation", ("y", "x"), ground),
            "permanent_water": as_variable("permanent_water", ("y", "x"), np.where(ground == -2.0, 1.0, 0.0)),
        },
        coords={"y": region.y, "x": region.x},
    )
    time = pd.date_range("2022-11-01", "2022-11-26", freq="h", inclusive="left")
    level = water_level(time) + rng.normal(0, 0.02, time.size)
    level[(time >= "2022-11-20T03:00") & (time < "2022-11-20T16:00")] = np.nan
    level[(time >= "2022-11-22T07:00") & (time < "2022-11-22T12:00")] = np.nan
    gauge = xr.Dataset(
        {
            "water_level": as_variable("water_level", ("station", "time"), [level, np.full(time.size, np.nan)]),
            "quality": as_variable("quality", ("station", "time"), np.zeros((2, time.size))),
        },
        coords={
            "station": ["Sella mole", "Offshore tower"], "time": time.as_unit("ns"),
            "longitude": ("station", [12.8, 12.5]), "latitude": ("station", [45.6, 45.3]),
            "mean_sea_level": ("station", [0.02, 0.0]),
        },
    )  # fmt: skip
    source = {"simulated": "strandline's simulated delta, seed 11", "real": "harbour office of Sella"}[kind]
    provenance = {name: Provenance(kind, source, "CC-BY-4.0") for name in ("terrain", "tide_gauge", "assets")}
    return Observations(region, terrain, provenance, tide_gauge=gauge, assets=assets())


def water_level(time: pd.DatetimeIndex) -> np.ndarray:
    """A tide of 0.4 m and a surge of 1.3 m on the morning of 22 November [m]."""
    hours = (time - ISSUE) / pd.Timedelta(hours=1)
    return np.asarray(0.4 * np.cos(2 * np.pi * hours / 12.42) + 1.3 * np.exp(-(((hours - 15) / 7) ** 2)))


def assets() -> gpd.GeoDataFrame:
    region, rng = a_region(), np.random.default_rng(3)
    ground = an_elevation()
    ground[:3], ground[:, :2] = -9, -9
    rows, columns = (axis[rng.permutation(axis.size)[:26]] for axis in np.nonzero(ground > -1))
    rows, columns = np.nonzero((ground > -1) | np.isnan(ground))
    chosen = rng.permutation(rows.size)[:26]
    x, y = region.x[columns[chosen]], region.y[rows[chosen]]
    shapes = [Point(a, b) if i % 3 else box(a - 60, b - 60, a + 60, b + 60) for i, (a, b) in enumerate(zip(x, y))]  # noqa: B905
    names = [NAMES[i] if i < len(NAMES) else f"building-{i:03d}" for i in range(26)]
    return gpd.GeoDataFrame(
        {
            "asset_id": names,
            "asset_class": rng.choice(["residential", "commercial", "infrastructure"], 26),
            "value": rng.uniform(2e5, 4e6, 26).round(-3),
            "survey_year": 2011,
        },
        geometry=shapes,
        crs=region.crs,
    )


def surge_forecast() -> pd.DataFrame:
    time = pd.date_range(ISSUE, periods=49, freq="h")
    lead = np.arange(49.0)
    p50 = water_level(time) * 0.94
    spread = 0.06 + 0.006 * lead
    observed = water_level(time)
    observed[13:18] = np.nan
    table = pd.DataFrame(
        {
            "issue_time": ISSUE, "time": time, "lead_h": lead, "p10": p50 - 1.1 * spread, "p50": p50,
            "p90": p50 + 1.5 * spread, "observed": observed,
            "tide": 0.4 * np.cos(2 * np.pi * lead / 12.42),
        }
    )  # fmt: skip
    later = table.assign(issue_time=ISSUE + pd.Timedelta(hours=12), lead_h=lead - 12)
    return pd.concat([table, later[later["lead_h"] >= 0]], ignore_index=True)


def hazard_arrays() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Levels (S, R) [m], depths (S, R, H, W) [m] and probabilities (R, H, W) of 24 samples."""
    rng = np.random.default_rng(5)
    middle = 1.05 + 0.22 * np.log(PERIODS)
    levels = middle + np.sort(rng.normal(size=(24, 1)), axis=0) * np.linspace(0.05, 0.3, 6)
    ground = an_elevation() + 0.35 * gaussian_filter(rng.normal(size=(24, 1, 40, 48)), (0, 0, 2, 2)) * 6
    depth = np.maximum(levels[:, :, None, None] - ground, 0).astype(np.float32)
    probability = norm.cdf((levels.mean(0)[:, None, None] - an_elevation() - 0.15) / 0.6).astype(np.float32)
    return levels, depth, probability


def hazard(kind: ProvenanceKind) -> Hazard:
    levels, depth, probability = hazard_arrays()
    source = {"simulated": "synthetic storms on a simulated delta", "real": "maps of real storms"}[kind]
    called = np.where(np.isnan(probability), np.nan, probability >= 0.5).astype(np.float32)
    disagreement = 0.4 * np.sqrt(probability * (1 - probability))
    provenance = {"flood_maps": Provenance(kind, source)}
    return Hazard(a_region(), PERIODS, levels, depth, probability, called, disagreement, provenance)


def impact() -> Impact:
    """Damage that grows with the flood probability at the asset; unknown on the unsurveyed corner."""
    frame, region = assets(), a_region()
    probability = hazard_arrays()[2][-1]
    point = frame.geometry.representative_point()
    chance = probability[region.cells_of(point.x.to_numpy(), point.y.to_numpy())].astype(float)  # (A,)
    weight = np.exp(-((np.arange(5) - 3.4 * chance[:, None]) ** 2))  # (A, 5)
    states = weight / weight.sum(axis=1, keepdims=True)
    for state in range(5):
        frame[f"damage_state_{state}"] = states[:, state]
    for name, factor in (("p10", 0.5), ("p50", 1.0), ("p90", 1.8)):
        frame[f"expected_annual_damage_{name}"] = frame["value"] * chance * 0.02 * factor
    frame["state_source"] = "curve"
    frame["depth_p50"] = 1.4 * chance
    total = float(frame["expected_annual_damage_p50"].sum())
    unknown = np.isnan(chance)
    return Impact(frame, (0.6 * total, total, 1.6 * total), int(unknown.sum()), float(frame["value"][unknown].sum()))


def findings(kind: ProvenanceKind = "simulated") -> Findings:
    """A whole run's findings, all of one kind."""
    return Findings(
        observations=observations(kind),
        hazard=hazard(kind),
        impact=impact(),
        plan=a_plan(),
        surge=surge_forecast(),
        surge_scores=SurgeScores(rmse=0.084, coverage_90=0.88, n_hours=1432, baseline_rmse=0.213),
        learning=LearningScores(kind, 0.71, 0.58, 0.44, 0.39, 0.82, 0.52, n_labels=4, n_test_storms=6),
        run=RunFacts(
            started=pd.Timestamp("2026-03-02T09:15"),
            seconds={"observe": 8.2, "teach": 21.0, "distil": 96.5, "calibrate": 7.7, "hazard": 31.0, "report": 4.1},
            seeds={"coast": 11, "student": 3},
            commit="0123abc",
            version="0.1.0",
            warnings=("The gauge was silent at the peak of the last storm.",),
        ),
        issuer=Issuer("alerts.sella.example", "Harbour office of Sella", None),
        levels_method="A generalised extreme-value distribution was fitted to 22 annual maxima, 2001 to 2022.",
        observed_maxima=np.random.default_rng(1).gumbel(1.1, 0.2, 22),
        reliability=Reliability((0.05, 0.2, 0.4, 0.6, 0.8, 0.95), (0.03, 0.22, 0.35, 0.66, 0.85, 0.97),
                                (900, 300, 100, 90, 200, 700)),
    )  # fmt: skip


MILDEST, WORST = "SSP1-1.9, storms as today, values as today", "SSP5-8.5, stronger storms, values as today"


def a_plan() -> Plan:
    """Three actions, a proposal, futures, pathways, and a trigger with all its rules."""
    actions = (
        Action(
            kind="evacuate_low_lying_areas", title="Evacuate low-lying areas", where=("Harbour school", "Ferry quay"),
            when="when forecast_water_level_p50 >= 1.18 m", lead_time_hours=48.0, avoided_loss=None,
            avoided_loss_per="event", cost=None, priority=1, confidence="medium",
            why="Half of the samples put more than 0.5 m of water at these places.",
        ),
        Action(
            kind="raise_embankment", title="Raise the embankment", where=(),
            when="decide now; effective after about 730 days", lead_time_hours=17520.0,
            avoided_loss=(0.2e6, 0.45e6, 0.9e6), avoided_loss_per="year", cost=(5.1e6, 6.4e6, 8.0e6), priority=2,
            confidence="medium", why="It pays in 83 % of the samples.",
            net_present_value=(-1.1e6, 4.3e6, 11.0e6), benefit_cost_ratio=(0.8, 1.7, 3.1), within_budget=False,
            what="Raises the crest to the 50-year level.", who="the harbour office", protects="12 assets, 40 people",
            robustness=Robustness(3, 4, -0.2e6, 6.1e6, -1.9e6, 1.2e6, WORST, False),
        ),
        Action(
            kind="home_raise", title="Raise homes where it pays", where=("building-012",),
            when="decide in 2026; works from about 2027", lead_time_hours=8760.0,
            avoided_loss=(0.1e6, 0.2e6, 0.3e6), avoided_loss_per="year", cost=(1.0e6, 1.2e6, 1.5e6), priority=3,
            confidence="low", why="It pays in 71 % of the samples.", what="3 of 9: lifted by 1.5 m.",
            net_present_value=(-0.1e6, 1.3e6, 2.0e6), benefit_cost_ratio=(0.9, 2.1, 3.3), who="the owners",
            protects="3 assets, 9 people",
            robustness=Robustness(4, 4, 0.4e6, 2.2e6, -0.3e6, 0.5e6, MILDEST, True),
        ),
    )  # fmt: skip
    alive = BackTest(9.8, 7, 1, 2, 5, 0, 9.0, 25_000.0, Expenses(120_000.0, 45_000.0, 310_000.0, 9e6))
    dead = BackTest(9.8, 4, 0, 5, 6, 0, 7.0, None, None)
    kind = "evacuate_low_lying_areas"
    return Plan(
        region="Mouth of the Sella", actions=actions, protocol=a_protocol(1.18), notes=("Avoided losses overlap.",),
        expected_annual_damage=(0.5e6, 0.8e6, 1.2e6), unknown_assets=1, unknown_value=2.8e6, budget=5e6,
        discount_rate=0.03, horizon_years=50, is_simulated=True, vertical_datum="local mean sea level 1992",
        track_records=(TrackRecord(kind, False, "own readings and the tide", 10.0, alive),
                       TrackRecord(kind, True, "own readings and the tide", 10.0, dead)),
        portfolio=Portfolio(
            ("home_raise",), investment=(0.9e6, 1.0e6, 1.2e6), cost=(1.0e6, 1.2e6, 1.5e6),
            avoided_loss=(0.1e6, 0.2e6, 0.3e6), net_present_value=(-0.1e6, 1.3e6, 2.0e6),
            benefit_cost_ratio=(0.9, 2.1, 3.3), robustness=Robustness(4, 4, 0.4e6, 2.2e6, -0.3e6, 0.5e6, MILDEST, True),
        ),
        futures=tuple(
            FutureOutcome(
                sea, storms, "values as today", rise, (10e6, 20e6 * (1 + rise), 40e6),
                {"raise_embankment": (-1e6, 4e6, 9e6), "home_raise": (0.1e6, 1e6, 2e6)}, (0.1e6, 1e6, 2e6),
                ("home_raise",), 0.1 if rise > 0.3 else 0.0,
            )
            for sea, rise in (("SSP1-1.9", 0.2), ("SSP5-8.5", 0.4))
            for storms in ("storms as today", "stronger storms")
        ),
        pathways=some_pathways(),
        future_sources={"SSP1-1.9": "IPCC", "SSP5-8.5": "IPCC", "storms as today": "assumption",
                        "stronger storms": "made up for a test", "values as today": "assumption"},
        stakes=(
            ActionStakes(
                action=kind, life_safety=True, classes=("residential",), where=("Harbour school", "Ferry quay"),
                lead_window_hours=(6.0, 48.0), response="Evacuate", level=1.18, cost=None, levels=(), avoidable_loss=(),
            ),
        ),
    )  # fmt: skip


def some_pathways() -> Pathways:
    """As it is, then raised homes, then the embankment as well."""

    def tipping(rise: float, *years: int | None, beyond: bool = False) -> TippingPoint:
        return TippingPoint(
            (0.5 * rise, rise, 1.2 * rise), beyond, dict(zip(("SSP1-1.9", "SSP5-8.5"), years, strict=True))
        )

    return Pathways(
        damage_share=1.0, objective_source="assumption: no worse than today", highest_rise=0.8,
        arrivals=(Arrival(0.0, {"SSP1-1.9": 2026, "SSP5-8.5": 2026}),
                  Arrival(0.4, {"SSP1-1.9": None, "SSP5-8.5": 2075})),
        titles={"home_raise": "Raise homes where it pays", "raise_embankment": "Raise the embankment"},
        steps=(
            Step((), tipping(0.0, 2026, 2026), (0.0, 0.0, 0.0), {}, 0.0),
            Step(("home_raise",), tipping(0.2, 2080, 2055), (0.9e6, 1e6, 2e6),
                 {"SSP1-1.9": 2026, "SSP5-8.5": 2026}, 1.0),
            Step(("home_raise", "raise_embankment"), tipping(0.8, None, None, beyond=True), (3e6, 4e6, 5e6),
                 {"SSP1-1.9": 2077, "SSP5-8.5": 2052}, 0.0),
        ),
        ends=(("home_raise",), ("home_raise", "raise_embankment")),
        signposts=(Signpost("mean sea level above today's", "m", ("home_raise",), ("raise_embankment",), 0.17, 0.2),),
    )  # fmt: skip


def a_protocol(level: float) -> Protocol:
    """Evacuation on an even chance of ``level`` [m]."""

    def ahead(value: float, probability: float, earliest: float) -> Indicator:
        return Indicator(
            variable="forecast_water_level", operator=">=", value=value, unit="m", probability=probability,
            lead_window_hours=(earliest, 48), valid_hours=6, source="forecast of the report",
        )  # fmt: skip

    neighbour = Indicator(
        variable="neighbour_water_level", operator=">=", value=1.0, unit="m", lead_window_hours=(0, 0), valid_hours=6,
        source="Offshore tower",
    )  # fmt: skip
    phase = Phase(
        name="evacuate_low_lying_areas", start="likely", actions=("Evacuate low-lying areas",), response="Evacuate",
        stop=StopRule(when="not left", for_hours=6), where=("Harbour school", "Ferry quay"),
        degraded=DegradedRule(after_hours=3, fallback="spare", prior="evacuate on the tide table's spring tides",
                              decided_by="the civil protection officer on duty"),
        event=Event(variable="water_level", operator=">=", value=level, unit="m"),
        why=f"At {level:g} m the first streets flood.",
    )  # fmt: skip
    return Protocol(
        title="Early action at the mouth of the Sella", source="made up for a test", confirmed_by="the duty officer",
        indicators={"likely": ahead(level, 0.5, 6), "left": ahead(level - 0.3, 0.2, 0), "spare": neighbour},
        phases=(phase,),
    )  # fmt: skip
