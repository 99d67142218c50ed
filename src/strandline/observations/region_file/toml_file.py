"""Reading of TOML files, and plain error messages for a closed model."""

import tomllib
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from strandline.errors import InputError
from strandline.observations.readers.formats.file_limits import read_limited

LARGEST = 4 << 20
"""[bytes] Of a TOML file."""
REMEDIES = {
    "region.sea_point": "add 'sea_point', x and y [m] of a point on open water",
    "terrain": "add an elevation raster: `strandline fetch` brings one, or name your own (examples/README.md)",
    "terrain.elevation_error": "add 'elevation_error', the standard deviation of the raster's heights [m]",
}
"""Of keys that people have to find."""
RENAMED = {"climate": "weather"}
"""Former name of a section → its name."""


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        InputError: the file cannot be read, is not text, or not TOML.
    """
    try:
        return tomllib.loads(read_limited(path, LARGEST).decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(path, f"is not text (byte {error.start})", "give a TOML file in UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(path, f"is not TOML: {error}", "correct that line") from error
    except RecursionError as error:
        raise InputError(path, "nests its values too deeply", "give a region file as in examples/README.md") from error


def describe_errors(where: object, model: type[BaseModel], error: ValidationError) -> list[InputError]:
    """All errors of a validation as plain messages, the most specific first."""
    order = ("extra_forbidden", "value_error")  # a misspelt key before the missing key
    found = sorted(error.errors(), key=lambda e: order.index(e["type"]) if e["type"] in order else len(order))
    return [_refusal(where, model, one) for one in found]


def first_of(errors: Sequence[InputError]) -> InputError:
    """The first error, with how many follow."""
    first = errors[0]
    others = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return InputError(first.where, first.what + others, first.remedy)


def _refusal(where: object, model: type[BaseModel], error: Any) -> InputError:
    keys, table = _follow(model, error["loc"])
    location = f"{where} [{'.'.join(str(key) for key in keys) or 'top level'}]"
    if error["type"] == "extra_forbidden" and len(keys) == 1 and keys[0] in RENAMED:
        return InputError(
            location, "is the former name of a section", f"rename the section to [{RENAMED[str(keys[0])]}]"
        )
    if error["type"] == "extra_forbidden":
        known = ", ".join(field.alias or name for name, field in table.model_fields.items()) if table else ""
        return InputError(location, f"unknown key '{keys[-1]}'", f"known keys here: {known}")
    if error["type"] == "missing":
        return InputError(location, "is missing", REMEDIES.get(".".join(map(str, keys)), f"add '{keys[-1]}'"))
    if error["type"] in ("union_tag_invalid", "union_tag_not_found"):
        key = error["ctx"]["discriminator"].strip("'")
        what = f"'{error['ctx']['tag']}' is unknown" if "tag" in error["ctx"] else "is missing"
        known = error["ctx"].get("expected_tags", "") or ", ".join(_tags_of(model, error["loc"]))
        return InputError(f"{location[:-1]}.{key}]", what, f"choose one of {known}".replace("'", ""))
    if error["type"] == "value_error":
        what, _, remedy = str(error["ctx"]["error"]).partition("; ")
        return InputError(location, what, remedy or "see examples/README.md")
    return InputError(location, f"{error['input']!r} does not fit", error["msg"].lower())


def _is_key(part: str) -> bool:
    """Whether a part of pydantic's location is a key of the file rather than a branch of a union."""
    return not ("[" in part or part in ("float", "int", "str", "datetime", "date"))


def _follow(model: type[BaseModel], location: tuple[int | str, ...]) -> tuple[list[int | str], type[BaseModel] | None]:
    """The keys of a location such as ``("stream", 0, "ioc", "code")`` without branches, and the last key's table."""
    keys: list[int | str] = []
    tables: list[type[BaseModel]] = [model]
    table: type[BaseModel] | None = model
    free_names = 0  # as many parts that follow are entries of a table, not fields
    for part in location:
        branch = [each for each in tables if part in _tags(each)] if len(tables) > 1 else []
        if branch:
            tables = branch
            continue
        if isinstance(part, str) and not _is_key(part):
            continue
        keys.append(part)
        if isinstance(part, int) or free_names:
            free_names = max(free_names - 1, 0)
            continue
        table = tables[0] if tables else None
        fields = {} if table is None else {field.alias or name: field for name, field in table.model_fields.items()}
        annotation = fields[part].annotation if part in fields else None
        tables = _inner_models(annotation)
        free_names = _depth(annotation) if tables else 0
    return keys, table


def _depth(annotation: Any) -> int:
    """How many names of entries lead to a table: 2 for ``dict[str, dict[str, X]]``."""
    if get_origin(annotation) in (dict, Mapping):
        return 1 + _depth(get_args(annotation)[1])
    return 0


def _tags_of(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Values of ``kind`` of the tables allowed at a location."""
    _, table = _follow(model, location)
    name = next(part for part in reversed(location) if isinstance(part, str))
    fields = {} if table is None else {field.alias or key: field for key, field in table.model_fields.items()}
    return [tag for each in _inner_models(fields[name].annotation) for tag in _tags(each)]


def _tags(table: type[BaseModel]) -> tuple[str, ...]:
    """Values of ``kind`` that select a table in a union."""
    return get_args(table.model_fields["kind"].annotation) if "kind" in table.model_fields else ()


def _inner_models(annotation: Any) -> list[type[BaseModel]]:
    """The sections inside ``X | None``, ``tuple[X | Y, ...]``, ``dict[str, X]`` or ``Annotated[X, …]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (tuple, dict, Mapping, Union, types.UnionType, Annotated):
        return [model for part in get_args(annotation) for model in _inner_models(part)]
    return []
