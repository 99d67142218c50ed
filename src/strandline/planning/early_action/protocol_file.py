"""Protocols as files: TOML that people read and edit, and the one in a run's ``plan.json``."""

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from strandline.errors import InputError
from strandline.observations.region_file.toml_file import describe_errors, first_of, read_toml
from strandline.planning.early_action.protocol import Fault, Protocol

PUBLISHED = ("bangladesh_cyclone", "bangladesh_flood")
"""Protocols in the package."""


def load_protocol(path: Path) -> Protocol:
    """Read a protocol from TOML.

    Raises:
        InputError: the first fault, and the number of others; ``lint`` names all.
    """
    try:
        return Protocol.model_validate(read_toml(path))
    except ValidationError as error:
        raise first_of(describe_errors(path, Protocol, error)) from error


def published_protocol(name: Literal["bangladesh_cyclone", "bangladesh_flood"]) -> Protocol:
    """A published protocol in the package; its file names the source."""
    with resources.as_file(resources.files("strandline.planning").joinpath(f"data/protocols/{name}.toml")) as path:
        return load_protocol(path)


def lint(path: Path) -> list[InputError]:
    """All faults of a protocol (TOML), or of the one in a run's ``plan.json``; empty = fit for use.

    Raises:
        InputError: the file cannot be read, or contains no protocol.
    """
    raw = _protocol_of_plan(path) if path.suffix == ".json" else read_toml(path)
    faults: list[Fault] = []
    try:
        Protocol.model_validate(raw, context={"faults": faults})
    except ValidationError as error:
        return describe_errors(path, Protocol, error)
    return [InputError(f"{path} [{fault.location}]", fault.what, fault.remedy) for fault in faults]


def protocol_to_toml(protocol: Protocol) -> str:
    """The protocol as TOML; ``load_protocol`` reads it back unchanged."""
    content = protocol.model_dump(mode="json", exclude_defaults=True)
    indicators, phases = content.pop("indicators"), content.pop("phases")
    lines = [f"{key} = {_toml_value(value)}" for key, value in content.items()]
    for name, indicator in indicators.items():
        lines += ["", f"[indicators.{name}]", *(f"{key} = {_toml_value(value)}" for key, value in indicator.items())]
    for phase in phases:
        lines += ["", "[[phases]]", *(f"{key} = {_toml_value(value)}" for key, value in phase.items())]
    return "\n".join(lines) + "\n"


def _protocol_of_plan(path: Path) -> dict[str, Any]:
    try:
        plan = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(path, f"is no plan ({error})", "give the plan.json of a run, or a protocol in TOML") from error
    protocol = plan.get("protocol") if isinstance(plan, dict) else None
    if not isinstance(protocol, dict):
        raise InputError(path, "contains no protocol", "give the plan.json of a run, or a protocol in TOML")
    return protocol


def _toml_value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml_value(entry)}" for key, entry in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml_value(entry) for entry in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # TOML's basic strings are JSON's but DEL
