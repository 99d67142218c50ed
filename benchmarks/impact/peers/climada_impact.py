"""CLIMADA's ``ImpactCalc`` on the same floods and assets; runs in CLIMADA's own environment (it is GPL)."""

from importlib.metadata import version

import geopandas as gpd
import numpy as np
from climada.engine import ImpactCalc
from climada.entity import Exposures, ImpactFunc, ImpactFuncSet
from climada.hazard import Centroids, Hazard
from impact_case import DEPTHS, ImpactCase, clock, main
from scipy import sparse


def run(case: ImpactCase, curves: np.ndarray) -> tuple[float, np.ndarray, np.ndarray, str]:
    cells, events = case.depth.shape
    latitude, longitude = np.divmod(np.arange(cells) * 1e-4, 1.0)
    hazard = Hazard(
        "FL",
        intensity=sparse.csr_matrix(case.depth.T.astype(np.float64)),
        frequency=case.frequency,
        event_id=np.arange(1, events + 1),
        event_name=[str(number) for number in range(events)],
        date=np.ones(events, dtype=int),
        orig=np.ones(events, dtype=bool),
        centroids=Centroids(lat=latitude, lon=longitude),
        units="m",
    )
    functions = ImpactFuncSet(
        [
            ImpactFunc("FL", number, intensity=DEPTHS, mdd=curve, paa=np.ones_like(curve), intensity_unit="m")
            for number, curve in enumerate(curves, 1)
        ]
    )
    table = {"value": case.value, "impf_FL": case.curve_of + 1, "centr_FL": np.arange(cells)}
    exposures = Exposures(gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(longitude, latitude), crs="EPSG:4326"))
    began = clock()
    impact = ImpactCalc(exposures, functions, hazard).impact(save_mat=False, assign_centroids=False)
    return clock() - began, impact.eai_exp, impact.at_event, version("climada")


main(run)
