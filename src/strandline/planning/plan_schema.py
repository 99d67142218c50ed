"""The plan as JSON, and the JSON Schema of it, both generated from the plan's classes.

A field added to a class of the plan is in the JSON and in the schema: names and types come from the class, units and
datums from the entry under ``Attributes`` in its docstring.
"""

import math
import re
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from inspect import getdoc
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from strandline.errors import InputError
from strandline.observations.region_file.toml_file import describe_errors
from strandline.planning.actions import ChosenStrategy
from strandline.planning.plan import Plan

SCHEMA_FILE = "plan.schema.json"
"""Name of the schema beside ``plan.json``, which refers to it as ``$schema``."""
SCHEMA_VERSION = 5
"""Version 1 calls ``action_parameters`` stakes, ``hindcasts`` track_records and ``scenarios`` futures;
version 2 has parameters of the watch beside the protocol, which is now all that the watch runs; version 3 has people as
three numbers; version 4 gives amounts as [p10, p50, p90] without the mean and all in euros of 2010, states the years
and values of tipping points as single numbers, and its pathways need not begin with the proposal."""
_HEAD = {"$schema": SCHEMA_FILE, "schema_version": SCHEMA_VERSION}
_SCALARS = (bool, int, float, str)
_IN_JSON = {"``None``": "null", "``True``": "true", "``False``": "false", "NaN": "null", "``inf``": "null", "``": "`"}


class _Head(BaseModel, extra="forbid"):
    file: Literal["plan.schema.json"] = Field(alias="$schema", description="this schema, in the same folder")
    schema_version: Literal[5] = Field(
        description="increases when a reader of the previous schema could misread a plan"
    )


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """The plan as plain values; unknown numbers are ``None``."""
    return {**_HEAD, **_plain(plan)}


def with_choice(plan: Mapping[str, Any], choice: ChosenStrategy | None) -> dict[str, Any]:
    """A plan of ``plan_to_json`` with another chosen strategy."""
    return {**plan, "chosen_strategy": _plain(choice)}


def plan_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of ``plan.json``."""
    schema = _model_of(Plan, _Head).model_json_schema(schema_generator=_Described)
    return {"$schema": GenerateJsonSchema.schema_dialect, "$id": SCHEMA_FILE, **schema}


def check_plan(path: Path) -> list[InputError]:
    """Everything in which a ``plan.json`` violates the schema, each with its location; empty = nothing.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "give the plan.json of a run") from error
    if re.search(rb'"schema_version": *[1-4]\b', content):
        return [InputError(path, "was written by an older version", "run `strandline run` again")]
    try:
        _model_of(Plan, _Head).model_validate_json(content, strict=True)
    except ValidationError as error:
        return describe_errors(path, _model_of(Plan, _Head), error)
    return []


@cache
def _model_of(kind: type, head: type[BaseModel] | None = None) -> type[BaseModel]:
    """A closed model of a dataclass's fields and derived numbers; all are required, unknown numbers as null."""
    hints = get_type_hints(kind, include_extras=True)
    entries: dict[str, Any] = {field.name: (_json_type(hints[field.name]), ...) for field in fields(kind)}
    for name, (hint, description) in _derived(kind).items():
        entries[name] = (_json_type(hint), Field(description=description))
    closed = None if head is not None else ConfigDict(extra="forbid")
    return create_model(kind.__name__, __base__=head, __config__=closed, __doc__=getdoc(kind), **entries)


def _derived(kind: type) -> dict[str, tuple[Any, str]]:
    """The public properties of a class that are scalars or sentences → type, and first paragraph of the docstring."""
    found = {}
    for name, member in vars(kind).items():
        if isinstance(member, property) and not name.startswith("_"):
            hint = get_type_hints(member.fget)["return"]
            if hint in _SCALARS or hint == tuple[str, ...]:
                found[name] = hint, _read_docstring(getdoc(member) or "")[0]
    return found


def _json_type(hint: Any) -> Any:
    """The JSON type of a field: classes as models; every plain number may be null."""
    if is_dataclass(hint):
        return _model_of(hint)  # type: ignore[arg-type]
    if hint is float:
        return float | None
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (None, Literal, Annotated):
        return hint
    written = tuple(_json_type(part) for part in inner)
    return Union[written] if origin in (Union, types.UnionType) else origin[written]  # noqa: UP007


def _plain(value: Any) -> Any:
    """A value for JSON: classes as objects, NaN and infinity as ``None``, tuples as lists."""
    if is_dataclass(value):
        names = (*(field.name for field in fields(value)), *_derived(type(value)))
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


class _Described(GenerateJsonSchema):
    """A schema with descriptions from the docstrings."""

    def model_schema(self, schema: Any) -> JsonSchemaValue:
        """Use the docstring's first paragraph as description, and its attributes for the fields."""
        made, kind = super().model_schema(schema), schema["cls"]
        made["description"], attributes = _read_docstring(getdoc(kind) or "")
        for name, entry in made["properties"].items():
            if name in attributes:
                entry["description"] = attributes[name]
        return made

    def nullable_schema(self, schema: Any) -> JsonSchemaValue:
        """Write a number or null as one type."""
        made = super().nullable_schema(schema)
        return {"type": ["number", "null"]} if made == {"anyOf": [{"type": "number"}, {"type": "null"}]} else made

    def field_title_should_be_set(self, schema: Any) -> bool:
        """No title: it would repeat the name."""
        return False


def _read_docstring(text: str) -> tuple[str, dict[str, str]]:
    """The first paragraph, and name → entry under ``Attributes:``; ``a, b: …`` describes both."""
    for python, json in _IN_JSON.items():
        text = text.replace(python, json)
    before, _, after = text.partition("\n\nAttributes:\n")
    entries: dict[str, str] = {}
    names: list[str] = []
    for line in after.split("\n\n")[0].splitlines():
        begun = re.match(r"    (\w+(?:, \w+)*): (.*)", line)
        if begun:
            names = begun[1].split(", ")
            entries.update(dict.fromkeys(names, begun[2]))
        else:
            entries.update({name: f"{entries[name]} {line.strip()}" for name in names})
    return " ".join(before.split("\n\n")[0].split()), entries
