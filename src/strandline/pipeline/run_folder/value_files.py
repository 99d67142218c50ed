"""Results of stages as files that hold numbers and text alone, so that reading one runs no code.

A value is a tree of JSON; its arrays lie beside it as safetensors. Objects are those of this package's own data
classes, built by their constructors, so that their checks run again, and the data sets of numpy, pandas, xarray,
geopandas and torch that they hold.
"""

import dataclasses
import importlib
import json
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import safetensors.numpy
import shapely
import torch
import xarray as xr
from pydantic import BaseModel
from safetensors import SafetensorError
from shapely.geometry.base import BaseGeometry
from torch import nn

from strandline.errors import StrandlineError
from strandline.models.weights.load_weights import network_like

TAG = "@"
"""Key of an object of JSON that stands for another kind of value."""
_PACKAGE = "strandline."
Json = Any
Array = npt.NDArray[Any]


class Undecodable(StrandlineError):
    """Content that ``encode`` did not write, or that another version wrote."""


def encode(value: object) -> bytes:
    """A value as the content of a file.

    Raises:
        TypeError: it holds an object of a kind that no stage returns.
    """
    arrays: dict[str, Array] = {}
    tree = _Encoder(arrays).tree(value)
    return bytes(safetensors.numpy.save(arrays, {"value": json.dumps(tree, allow_nan=False)}))


def decode(content: bytes) -> Any:
    """What ``encode`` was given; tuples, arrays and objects of the package are equal and separate.

    Raises:
        Undecodable: the content is damaged, or names what is no data class of this package.
    """
    try:
        size = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + size])
        return _Decoder(safetensors.numpy.load(content)).value(json.loads(header["__metadata__"]["value"]))
    except Undecodable:
        raise
    except (
        SafetensorError, StrandlineError, ValueError, TypeError, KeyError, IndexError, AttributeError, ImportError,
        OverflowError, RecursionError, RuntimeError, shapely.errors.ShapelyError,
    ) as error:  # fmt: skip
        raise Undecodable(f"it cannot be decoded ({type(error).__name__}: {error})") from error


class _Encoder:
    """Turns values into JSON, and collects their arrays."""

    def __init__(self, arrays: dict[str, Array]) -> None:
        self._arrays = arrays

    def tree(self, value: object) -> Json:
        match value:
            case None | bool() | str():
                return value
            case Enum():
                return self._object("enum", value, of=self.tree(value.value))
            case int() if type(value) is int:
                return value
            case float() if type(value) is float:
                return value if math.isfinite(value) else {TAG: "float", "text": repr(value)}
            case list():
                return [self.tree(each) for each in value]
            case tuple() if hasattr(value, "_fields"):
                return self._object("named tuple", value, fields=[self.tree(each) for each in value])
            case tuple() | set() | frozenset():
                return {TAG: type(value).__name__, "of": [self.tree(each) for each in value]}
            case dict() | MappingProxyType():
                kind = "dict" if isinstance(value, dict) else "read-only dict"
                pairs = [[self.tree(key), self.tree(entry)] for key, entry in value.items()]
                return {TAG: kind, "of": pairs}
            case np.ndarray():
                return self._array(value)
            case np.generic():
                return {TAG: "scalar", "of": self._array(np.asarray(value))}
            case torch.Tensor():
                return {TAG: "tensor", "of": self._array(value.detach().cpu().numpy())}
            case nn.Module():
                state = {name: self._array(t.detach().cpu().numpy()) for name, t in value.state_dict().items()}
                return {TAG: "network", "kind": type(value).__name__, "of": state, "training": value.training}
            case pd.DataFrame():
                return self._frame(value)
            case xr.Dataset():
                variables = {
                    str(name): [[str(dim) for dim in each.dims], self._array(each.values), self.tree(each.attrs)]
                    for name, each in value.variables.items()
                }
                coordinates = [str(name) for name in value.coords]
                return {TAG: "dataset", "of": variables, "coordinates": coordinates, "attrs": self.tree(value.attrs)}
            case pd.Timestamp():
                return {TAG: "timestamp", "text": value.isoformat()}
            case datetime() | date():
                return {TAG: type(value).__name__, "text": value.isoformat()}
            case timedelta():
                return {TAG: "timedelta", "of": [value.days, value.seconds, value.microseconds]}
            case Path():
                return {TAG: "path", "text": str(value)}
            case BaseGeometry():
                return {TAG: "geometry", "text": shapely.to_wkb(value, hex=True)}
            case BaseModel():
                fields = {
                    field.alias or name: self.tree(getattr(value, name))
                    for name, field in type(value).model_fields.items()
                }
                return self._object("model", value, fields=fields)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {field.name: self.tree(getattr(value, field.name)) for field in dataclasses.fields(value)}
            return self._object("object", value, fields=fields)
        raise TypeError(f"{type(value)} cannot be stored between stages")

    def _object(self, kind: str, value: object, **parts: Json) -> Json:
        return {TAG: kind, "class": f"{type(value).__module__}:{type(value).__qualname__}", **parts}

    def _array(self, values: Array) -> Json:
        """Numbers go beside the tree; times as integers; text and objects into the tree."""
        if values.dtype.kind in "US":
            return {TAG: "texts", "shape": list(values.shape), "of": values.ravel().tolist(), "dtype": values.dtype.str}
        if values.dtype == object:
            return {TAG: "objects", "shape": list(values.shape), "of": [self.tree(each) for each in values.ravel()]}
        name = str(len(self._arrays))
        numbers = values.view(np.int64) if values.dtype.kind in "mM" else values
        self._arrays[name] = np.ascontiguousarray(numbers).reshape(values.shape)
        return {TAG: "array", "of": name, "dtype": values.dtype.str}

    def _frame(self, frame: pd.DataFrame) -> Json:
        columns = [[self.tree(name), self._column(frame.iloc[:, i])] for i, name in enumerate(frame.columns)]
        index = frame.index
        if isinstance(index, pd.RangeIndex):
            rows: Json = [index.start, index.stop, index.step]
        else:
            rows = self._column(index.to_series())
        tree = {TAG: "table", "of": columns, "index": rows, "index_name": self.tree(index.name)}
        if isinstance(frame, gpd.GeoDataFrame):
            crs = None if frame.crs is None else frame.crs.to_wkt()
            return tree | {TAG: "map", "geometry": frame.geometry.name, "crs": crs}
        return tree

    def _column(self, column: pd.Series) -> Json:
        if isinstance(column.dtype, np.dtype):
            return self._array(column.to_numpy())
        if isinstance(column, gpd.GeoSeries):
            return self._array(np.array([*column, None], dtype=object)[:-1])
        kind = str(column.dtype)
        return {
            TAG: "column",
            "dtype": kind,
            "of": self._array(column.astype(object).where(column.notna(), None).to_numpy()),
        }


class _Decoder:
    """Builds values from JSON and arrays."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self._arrays = arrays
        self._builders: dict[str, Callable[[Json], Any]] = {
            "float": lambda tree: float(tree["text"]),
            "tuple": lambda tree: tuple(self._all(tree)),
            "set": lambda tree: set(self._all(tree)),
            "frozenset": lambda tree: frozenset(self._all(tree)),
            "dict": self._dict,
            "read-only dict": lambda tree: MappingProxyType(self._dict(tree)),
            "array": self._array,
            "texts": lambda tree: np.array(tree["of"], dtype=_text(tree["dtype"])).reshape(tree["shape"]),
            "objects": self._objects,
            "scalar": lambda tree: self.value(tree["of"])[()],
            "tensor": lambda tree: torch.from_numpy(self.value(tree["of"])),
            "network": self._network,
            "table": self._frame,
            "map": self._map,
            "column": lambda tree: pd.Series(self.value(tree["of"])).astype(tree["dtype"]),
            "dataset": self._dataset,
            "timestamp": lambda tree: pd.Timestamp(tree["text"]),
            "datetime": lambda tree: datetime.fromisoformat(tree["text"]),
            "date": lambda tree: date.fromisoformat(tree["text"]),
            "timedelta": lambda tree: timedelta(*tree["of"]),
            "path": lambda tree: Path(tree["text"]),
            "geometry": lambda tree: shapely.from_wkb(tree["text"]),
            "enum": lambda tree: _class(tree["class"], Enum)(self.value(tree["of"])),
            "named tuple": lambda tree: _class(tree["class"], tuple)(*map(self.value, tree["fields"])),
            "model": lambda tree: _class(tree["class"], BaseModel)(**self._fields(tree)),
            "object": self._object,
        }

    def value(self, tree: Json) -> Any:
        if isinstance(tree, list):
            return [self.value(each) for each in tree]
        if not isinstance(tree, dict):
            return tree
        if tree.get(TAG) not in self._builders:
            raise Undecodable(f"it holds a value of kind {tree.get(TAG)!r}")
        return self._builders[tree[TAG]](tree)

    def _all(self, tree: Json) -> list[Any]:
        return [self.value(each) for each in tree["of"]]

    def _dict(self, tree: Json) -> dict[Any, Any]:
        return {self.value(key): self.value(entry) for key, entry in tree["of"]}

    def _fields(self, tree: Json) -> dict[str, Any]:
        return {name: self.value(each) for name, each in tree["fields"].items()}

    def _array(self, tree: Json) -> Array:
        numbers, dtype = self._arrays[tree["of"]], np.dtype(tree["dtype"])
        if dtype.kind not in "biufcmM":
            raise Undecodable(f"it holds an array of {dtype}")
        return (numbers.view(dtype) if dtype.kind in "mM" else numbers.astype(dtype, copy=False)).copy()

    def _objects(self, tree: Json) -> Array:
        values = np.empty(len(tree["of"]), dtype=object)
        for i, each in enumerate(tree["of"]):
            values[i] = self.value(each)
        return values.reshape(tree["shape"])

    def _network(self, tree: Json) -> nn.Module:
        state = {name: torch.from_numpy(self.value(each)) for name, each in tree["of"].items()}
        return network_like(tree["kind"], state).train(tree["training"])

    def _frame(self, tree: Json) -> pd.DataFrame:
        rows = tree["index"]
        index = pd.RangeIndex(*rows) if isinstance(rows, list) else pd.Index(self.value(rows))
        names = [self.value(name) for name, _ in tree["of"]]
        frame = pd.DataFrame(
            {i: pd.Series(self.value(each)).set_axis(index) for i, (_, each) in enumerate(tree["of"])}, index
        )
        frame.columns = pd.Index(names)
        frame.index.name = self.value(tree["index_name"])
        return frame

    def _map(self, tree: Json) -> gpd.GeoDataFrame:
        return gpd.GeoDataFrame(self._frame(tree), geometry=tree["geometry"], crs=tree["crs"])

    def _dataset(self, tree: Json) -> xr.Dataset:
        variables = {
            name: xr.Variable(dims, self.value(values), self.value(attrs))
            for name, (dims, values, attrs) in tree["of"].items()
        }
        coordinates = {name: variables.pop(name) for name in tree["coordinates"]}
        return xr.Dataset(variables, coordinates, self.value(tree["attrs"]))

    def _object(self, tree: Json) -> object:
        kind, values = _class(tree["class"], object), self._fields(tree)
        if not dataclasses.is_dataclass(kind):
            raise Undecodable(f"{tree['class']} is no data class")
        late = {field.name for field in dataclasses.fields(kind) if not field.init}
        built: object = kind(**{name: each for name, each in values.items() if name not in late})  # type: ignore[operator]
        for name in late:
            object.__setattr__(built, name, values[name])
        return built


def _class(name: str, kind: type) -> Any:
    """A class of this package by its module and name.

    Raises:
        Undecodable: it is none, or of another kind.
    """
    module, _, qualified = name.partition(":")
    if not module.startswith(_PACKAGE) or not all(part.isidentifier() for part in qualified.split(".")):
        raise Undecodable(f"{name} is not of this package")
    found: Any = importlib.import_module(module)
    for part in qualified.split("."):
        found = getattr(found, part)
    if not isinstance(found, type) or found.__module__ != module or not issubclass(found, kind):
        raise Undecodable(f"{name} is not a {kind.__name__} of this package")
    return found


def _text(dtype: str) -> np.dtype[Any]:
    found = np.dtype(dtype)
    if found.kind not in "US":
        raise Undecodable(f"it holds text of {dtype}")
    return found
