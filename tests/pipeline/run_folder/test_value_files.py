"""Results of stages as numbers and text: equal when read back, and no code runs whatever the file holds."""

import dataclasses
import importlib
import inspect
import json
import pickle
import pkgutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import safetensors.numpy
import torch
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from shapely import Point, box
from shapely.geometry.base import BaseGeometry

import tests.fixtures.reports as coast
from strandline.models.multi_head_student import MultiHeadStudent
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from strandline.observations.checks.findings import Finding
from strandline.observations.region_file.scenario_sections import SeaLevelRise
from strandline.pipeline import stages
from strandline.pipeline.run_folder.value_files import TAG, Undecodable, decode, encode
from tests.fixtures.batches import make_batch, make_observations
from tests.fixtures.watches import a_deployment

PLAIN = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.dates(), st.timedeltas(),
        st.datetimes(timezones=st.sampled_from([None, UTC])),
    ),
    lambda inner: st.one_of(
        st.lists(inner), st.lists(inner).map(tuple), st.dictionaries(st.one_of(st.text(), st.integers()), inner)
    ),
    max_leaves=12,
)  # fmt: skip


def same(first: object, second: object) -> bool:
    """Equal in type and value, NaN equal to itself."""
    if type(first) is not type(second):
        return False
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))  # type: ignore[arg-type]
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)  # type: ignore[attr-defined, index]
    return first == second or first != first


@pytest.mark.slow
@settings(deadline=None)
@given(PLAIN)
def test_plain_values_are_read_back_as_they_were(value: object) -> None:
    assert same(decode(encode(value)), value)


@pytest.mark.parametrize(
    "dtype",
    ["bool", "int8", "uint8", "int64", "float16", "float32", "float64", "datetime64[ns]", "datetime64[h]", "<U5"],
)
def test_arrays_keep_type_shape_and_values(dtype: str) -> None:
    values = np.arange(24).astype("int64" if dtype.startswith("datetime") else dtype).reshape(2, 3, 4).astype(dtype)
    for array in (values, values[:, ::2], values[:0], values[1, 2, 3:4].reshape(())):
        back = decode(encode(array))
        assert back.dtype == array.dtype
        assert back.flags.writeable
        np.testing.assert_array_equal(back, array)


def test_objects_of_the_package_are_built_by_their_constructors() -> None:
    finding = Finding("a file", "is wrong", "mend it", refuses=True)
    rise = SeaLevelRise(name="higher", rise=0.5, source="assumed")
    value = {"one": (finding, [rise]), 0.9: MappingProxyType({"a": Path("b")}), "s": {1, 2}, "t": frozenset({"x"})}
    assert decode(encode(value)) == value
    assert isinstance(decode(encode(value))[0.9], MappingProxyType)


def test_data_sets_tables_and_maps_are_read_back() -> None:
    observed = make_observations()
    back = decode(encode(observed))
    for name, dataset in observed.modalities().items():
        xr.testing.assert_identical(getattr(back, name), dataset)
    assert back.region == observed.region
    assert back.provenance == observed.provenance
    pd.testing.assert_frame_equal(pd.DataFrame(back.assets), pd.DataFrame(observed.assets))
    assert back.assets.crs == observed.assets.crs  # type: ignore[union-attr]
    table = pd.DataFrame(
        {
            "time": pd.date_range("2020", periods=3, tz="UTC"),
            "name": ["a", None, "c"],
            "n": pd.array([1, None, 3], "Int64"),
        },
        index=pd.Index(["x", "y", "z"], name="row"),
    )
    pd.testing.assert_frame_equal(decode(encode(table)), table)
    zones = gpd.GeoDataFrame({"name": ["a", "b"]}, geometry=[box(0, 0, 1, 1), Point(3, 4)], crs="EPSG:32633").iloc[1:]
    pd.testing.assert_frame_equal(decode(encode(zones)), zones)
    assert decode(encode(box(0, 0, 1, 2))) == box(0, 0, 1, 2)


def test_a_batch_and_networks_are_read_back_bit_by_bit() -> None:
    batch = make_batch()
    back = decode(encode(batch))
    for name, tensor in vars(batch).items():
        assert tensor is None or torch.equal(getattr(back, name), tensor)
    torch.manual_seed(0)
    networks = [Teacher(), Student(site_shape=(16, 24)).eval(), MultiHeadStudent(Student(), 3, 2)]
    for network, again in zip(networks, decode(encode(networks)), strict=True):
        assert type(again) is type(network)
        assert again.training == network.training
        state = again.state_dict()
        assert state.keys() == network.state_dict().keys()
        assert all(torch.equal(state[name], tensor) for name, tensor in network.state_dict().items())


class Trap:
    """Runs code when it is unpickled."""

    fired = False

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("import tests.pipeline.run_folder.test_value_files as t; t.Trap.fired = True",)


def stage_of(tree: object) -> bytes:
    return safetensors.numpy.save({}, {"value": json.dumps(tree)})


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(Trap()),
        stage_of({TAG: "object", "class": "os:system", "fields": {"command": "true"}}),
        stage_of({TAG: "object", "class": "strandline.files:os.system", "fields": {}}),
        stage_of({TAG: "object", "class": "strandline.files:write_text", "fields": {"path": "x", "content": "y"}}),
        stage_of({TAG: "object", "class": "strandline.nowhere:Finding", "fields": {}}),
        stage_of({TAG: "object", "class": "strandline.observations.checks.findings:Finding", "fields": {"where": 1}}),
        stage_of({TAG: "model", "class": "strandline.errors:InputError", "fields": {}}),
        stage_of({TAG: "network", "kind": "Teacher", "of": {}, "training": False}),
        stage_of({TAG: "array", "of": "7", "dtype": "<f8"}),
        stage_of({TAG: "nothing"}),
        stage_of({TAG: "objects", "shape": [10**12], "of": []}),
        b"", b"\xff" * 40, b"\x02\0\0\0\0\0\0\0{}",
    ],
)  # fmt: skip
def test_content_that_is_no_stage_is_refused_and_runs_no_code(content: bytes) -> None:
    with pytest.raises(Undecodable):
        decode(content)
    assert not Trap.fired


def test_what_no_stage_returns_cannot_be_stored() -> None:
    with pytest.raises(TypeError, match="cannot be stored between stages"):
        encode([lambda: None])


def test_times_keep_their_zone() -> None:
    for value in (
        pd.Timestamp("2020-01-01T05", tz="UTC"),
        datetime(2020, 1, 1, 5),
        date(2020, 1, 1),
        timedelta(hours=3),
    ):
        assert decode(encode(value)) == value
        assert type(decode(encode(value))) is type(value)


def test_the_results_of_a_whole_run_are_read_back_and_stored_the_same_again() -> None:
    for value in (coast.results(), a_deployment(), coast.a_protocol(1.5)):
        stored = encode(value)
        assert encode(decode(stored)) == stored


STORED = (
    str, float, int, bool, type(None), xr.Dataset, gpd.GeoDataFrame, pd.DataFrame, torch.Tensor, np.generic,
    BaseGeometry, BaseModel, Teacher, Student, MultiHeadStudent,
)  # fmt: skip
"""Kinds of values within the results of stages; each has a row in ``value_files``."""


def kinds_in(hint: object, seen: set[object]) -> Iterator[type]:
    """The types that a type hint is made of, through the fields of data classes."""
    if hint in seen:
        return
    seen.add(hint)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        hints = get_type_hints(hint)
        for field in dataclasses.fields(hint):
            yield from kinds_in(hints[field.name], seen)
    elif get_origin(hint) is Literal:
        yield from map(type, get_args(hint))
    elif get_origin(hint) is not None:
        for part in get_args(hint):
            yield from kinds_in(part, seen)
    elif isinstance(hint, type) and hint is not Any:
        yield hint


def test_every_stage_returns_what_can_be_stored() -> None:
    """A stage that returns another kind of value needs a row in ``value_files``."""
    seen: set[object] = set()
    for info in pkgutil.iter_modules(stages.__path__, f"{stages.__name__}."):
        for name, stage in inspect.getmembers(importlib.import_module(info.name), inspect.isfunction):
            if stage.__module__ == info.name and not name.startswith("_"):
                for kind in kinds_in(get_type_hints(stage)["return"], seen):
                    assert issubclass(kind, STORED), f"{name} returns {kind}"
    assert len(seen) > 50
