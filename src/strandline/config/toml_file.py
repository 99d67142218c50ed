"""Reading a TOML file into a closed model, and saying in words what is wrong with it."""

import tomllib
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from strandline.errors import InputError


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        InputError: the file cannot be read, is not text, or not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "give the path of a TOML file") from error
    except UnicodeDecodeError as error:
        raise InputError(path, f"is not text (byte {error.start})", "give a TOML file in UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(path, f"is not TOML: {error}", "mend that line") from error


def refusals(where: object, model: type[BaseModel], error: ValidationError) -> list[InputError]:
    """Everything that is wrong, in words, the most telling first; the first one counts the others."""
    order = ("extra_forbidden", "value_error")  # a misspelt key before the missing one that it meant
    found = sorted(error.errors(), key=lambda e: order.index(e["type"]) if e["type"] in order else len(order))
    counts = [f" (and {len(found) - 1} more)" if len(found) > 1 else "", *[""] * (len(found) - 1)]
    return [_refusal(where, model, one, others) for one, others in zip(found, counts, strict=True)]


def _refusal(where: object, model: type[BaseModel], error: Any, others: str) -> InputError:
    keys = [key for key in error["loc"] if isinstance(key, int) or _is_key(key)]
    place = f"{where} [{'.'.join(str(key) for key in keys) or 'top level'}]"
    if error["type"] == "extra_forbidden":
        known = ", ".join(_known_keys(model, tuple(keys[:-1])))
        return InputError(place, f"unknown key '{keys[-1]}'{others}", f"known keys here: {known}")
    if error["type"] == "missing":
        return InputError(place, f"is missing{others}", f"add '{keys[-1]}'")
    if error["type"] == "value_error":
        what, _, remedy = str(error["ctx"]["error"]).partition("; ")
        return InputError(place, what + others, remedy or "see examples/README.md")
    return InputError(place, f"{error['input']!r} does not fit{others}", error["msg"].lower())


def _is_key(part: str) -> bool:
    """Whether a part of pydantic's location is a key of the file, not the name of one branch of a union."""
    return not ("[" in part or part in ("float", "int", "str", "datetime", "date"))


def _known_keys(model: type[BaseModel], place: tuple[object, ...]) -> list[str]:
    """The keys of the table at a place such as ``("tide_gauge", 0, "columns")``."""
    free_name = False  # the next part names an entry of a table, and no field
    for key in place:
        if isinstance(key, int) or free_name:
            free_name = False
            continue
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        inner = _inner_model(fields[str(key)].annotation)
        if inner is None:
            return []
        model, free_name = inner, get_origin(fields[str(key)].annotation) in (dict, Mapping)
    return [field.alias or name for name, field in model.model_fields.items()]


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    """The section inside ``X | None``, ``tuple[X, ...]``, ``dict[str, X]`` or ``Annotated[X, …]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (tuple, dict, Mapping, Union, types.UnionType, Annotated):
        for part in get_args(annotation):
            found = _inner_model(part)
            if found is not None:
                return found
    return None
