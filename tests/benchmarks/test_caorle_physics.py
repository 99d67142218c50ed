"""The inundation solver beside SFINCS on a real low coast."""

import numpy as np
import pytest

from benchmarks.physics.run import caorle_150m
from benchmarks.physics.sfincs_case import read_sfincs_case
from strandline.errors import InputError
from strandline.simulator.hydrodynamics.inundation import inundate


def test_caorle_levels_are_within_ten_centimetres_of_sfincs_at_every_station(shared_data):
    case = read_sfincs_case(shared_data / "sfincs" / "caorle_50m")
    flood = inundate(
        case.basin,
        case.forcing,
        initial_level=np.array([case.initial_level]),
        output_times=case.station_time,
        scheme=case.scheme,
    )
    row, column = case.station_cell.T
    miss = flood.levels[0][:, row, column] - case.station_level
    assert miss.shape == (145, 3)
    assert (np.sqrt(np.mean(miss**2, axis=0)) <= 0.10).all()
    assert flood.mass_error[0] <= 1e-12


def test_caorle_with_rain_drains_and_subgrid_tables_is_near_sfincs(shared_data):
    rows = {row["case"]: row for row in caorle_150m(read_sfincs_case(shared_data / "sfincs" / "caorle_150m"))}
    shallow = rows["caorle_150m_zsmax_0.05m"]
    assert shallow["csi"] >= 0.80
    assert shallow["rmse_m"] <= 0.08
    assert shallow["mass_error"] <= 1e-12


def test_a_folder_without_sfincs_input_is_named(tmp_path):
    with pytest.raises(InputError, match=r"sfincs\.inp: no such file"):
        read_sfincs_case(tmp_path)
