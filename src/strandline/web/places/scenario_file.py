"""Saves a scenario: a new region file beside the one that it starts from, which stays as it is."""

import os
import tempfile
import tomllib
from collections.abc import Mapping, MutableMapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from strandline.errors import InputError, require_extra
from strandline.files import write_text
from strandline.observations.region_file import examine_region_file, refuse_paths_outside
from strandline.pipeline.study_area.requirements import RETURN_PERIODS, refused_by_planning
from strandline.planning.investment.scenarios import load_scenarios
from strandline.web.places.place_folder import IS_KEY, MOST_FILES, SCENARIOS, PlaceFolder, key_of
from strandline.web.places.scenario_form import (
    FUTURES,
    IN_FUTURES,
    futures_of,
    planning_section,
    price_of,
    scenario_form,
)

Changes = Mapping[str, JsonValue]
"""Key of a field → its new value; ``None`` = the file no longer states it."""
_OURS = "stated in the scenario editor"


class Faults(InputError):
    """Several faults of one scenario."""

    def __init__(self, faults: list[InputError]) -> None:
        first = faults[0]
        super().__init__(first.where, first.what, first.remedy)
        self.faults = faults


def save_scenario(place: PlaceFolder, base: str, name: str, changes: Changes) -> str:
    """Save a scenario as a new region file; returns its name.

    Raises:
        Faults: what `strandline check` would refuse of it, and not of the file that it starts from.
        InputError: the name is taken, nothing was changed, or a field does not exist.
    """
    require_extra("scenario", "fetch", "tomlkit")
    import tomlkit

    source = place.region_file(base)
    if not changes:
        raise InputError("scenario", "changes nothing", "change a value, or run the file as it is")
    if len(place.files) >= MOST_FILES:
        raise InputError("scenario", f"the place has {MOST_FILES} region files", "remove some that nobody needs")
    known = {field.key for field in scenario_form(source)}
    unknown = sorted(set(changes) - known)
    if unknown:
        raise InputError("scenario", f"{', '.join(unknown)} cannot be changed here", "edit the region file itself")
    stem = f"{place.key}-{key_of(name, 'scenario')}"[:60].rstrip("-")
    target = place.folder / f"{stem}.toml"
    if not IS_KEY.fullmatch(stem) or target.exists() or target.is_symlink():
        raise InputError("scenario", f"{target.name} exists, and is not overwritten", "choose another name")
    text = source.read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    wanted, futures = deepcopy(tables), _changed_futures(tables, place.folder, changes)
    futures_path = place.folder / SCENARIOS / f"{stem}.toml"
    edits: dict[str, Any] = {key: value for key, value in changes.items() if key.split(".")[0] not in IN_FUTURES}
    if futures is not None:
        edits[FUTURES] = f"{SCENARIOS}/{stem}.toml"
    if "planning.measure" in edits:
        edits |= _price_edits(tables, place.folder, edits.pop("planning.measure"))
    if "scenarios" not in wanted and any(key.startswith("scenarios.") for key in edits):
        edits = {"scenarios.return_periods": list(RETURN_PERIODS), **edits}
    document = tomlkit.parse(text)
    for key, value in edits.items():
        _put(wanted, key, value)
        _put(document, key, value)
    content = tomlkit.dumps(document)
    if tomllib.loads(content) != wanted:
        raise InputError(
            "scenario", "cannot be written without a change of what it does not name", "edit the file itself"
        )
    try:
        if futures is not None:
            write_text(futures_path, tomlkit.dumps(futures))
            load_scenarios(futures_path)
        _check(place, source, content)
        _write_new(target, content)
    except InputError as error:
        futures_path.unlink(missing_ok=True)
        _raise_without_paths(error, place.folder)
    return stem


def _check(place: PlaceFolder, source: Path, content: str) -> None:
    """Refuse what the scenario's own changes break."""
    with tempfile.TemporaryDirectory(dir=place.folder, prefix=".scenario-") as folder:
        path = Path(folder) / source.name
        write_text(path, content)
        before = {(_key(each, source), each.what) for each in _faults(source, place.folder)}
        found = [each for each in _faults(path, place.folder) if (_key(each, path), each.what) not in before]
        if found:
            raise Faults([InputError(_key(each, path), each.what, each.remedy) for each in found])
        moved = path.rename(place.folder / f".{os.getpid()}-{source.name}")  # its paths start from the place's folder
        try:
            refuse_paths_outside(moved)
        finally:
            moved.unlink()


def _faults(path: Path, data: Path) -> list[InputError]:
    region_file, faults = examine_region_file(path, data)
    if region_file is None:
        return faults
    for sentence in refused_by_planning(region_file):
        where, _, rest = sentence.partition(": ")
        what, _, remedy = rest.partition("; ")
        faults.append(InputError(where, what or sentence, remedy))
    return faults


def _key(fault: InputError, path: Path) -> str:
    return fault.where.removeprefix(str(path)).strip()


def _write_new(target: Path, content: str) -> None:
    """Write a file that must not exist; it appears whole."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".scenario-") as folder:
        written = Path(folder) / target.name
        write_text(written, content)
        try:
            os.link(written, target)
        except FileExistsError as error:
            raise InputError(
                "scenario", f"{target.name} exists, and is not overwritten", "choose another name"
            ) from error


def _changed_futures(tables: Mapping[str, Any], folder: Path, changes: Changes) -> dict[str, Any] | None:
    """The futures with what was changed in them; ``None`` = nothing was."""
    changed = {key: value for key, value in changes.items() if key.split(".")[0] in IN_FUTURES}
    if not changed:
        return None
    found, shipped = futures_of(tables, folder), futures_of({}, folder)
    for key, value in changed.items():
        if key == "objective.damage_share":
            share = shipped["objective"] if value is None else {"damage_share": value, "source": _OURS}
            found["objective"] = share
        else:
            _refuse_borrowed_sources(found[key], value)
            found[key] = shipped[key] if value is None else value
    return found


def _refuse_borrowed_sources(before: object, after: object) -> None:
    """Refuse a row whose number is another and whose source is the same: nobody has published that number.

    Raises:
        InputError: there is one.
    """
    known = {str(each.get("name")): each for each in _tables(before)}
    for row in _tables(after):
        old = known.get(str(row.get("name")))
        if old is not None and old != row and old.get("source") == row.get("source"):
            raise _borrowed(str(row.get("name")))


def _tables(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _borrowed(name: str) -> InputError:
    what = "has another number and the same source as before"
    return InputError(f"'{name}'", what, "say whose number it is, or that it is an assumption")


def _price_edits(tables: Mapping[str, Any], folder: Path, rows: JsonValue) -> dict[str, Any]:
    """The figures of prices that differ from what holds, in the money that they were published in."""
    section = planning_section(tables, folder)
    edits: dict[str, Any] = {}
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict):
            continue
        key = str(row.get("key"))
        name, price = price_of(section, key)
        figure = {each: row.get(each) for each in ("low", "value", "high", "source")}
        if figure == {"low": price.low, "value": price.value, "high": price.high, "source": price.source}:
            continue
        if figure["source"] == price.source:
            raise _borrowed(str(row.get("measure") or key))
        figure["unit"] = price.unit
        if price.money is not None:
            figure |= {"currency": price.money.currency, "price_year": price.money.price_year}
        edits[f"planning.measure.{key}.{name}"] = {each: value for each, value in figure.items() if value is not None}
    return edits


def _put(tables: MutableMapping[str, Any], key: str, value: Any) -> None:
    """Set or remove the value of a key with dots, in plain tables or in a document."""
    import tomlkit

    *parents, last = key.split(".")
    is_document, at = isinstance(tables, tomlkit.TOMLDocument), tables
    for number, parent in enumerate(parents):
        if parent not in at:
            if value is None:
                return
            at[parent] = tomlkit.table(is_super_table=number + 1 < len(parents)) if is_document else {}
        at = at[parent]
    if value is None:
        at.pop(last, None)
    elif not is_document:
        at[last] = value
    else:
        at.pop(last, None)  # tables in brackets become values on one line
        at[last] = _item(value)


def _item(value: Any) -> Any:
    import tomlkit

    if isinstance(value, Mapping):
        table = tomlkit.inline_table()
        for key, each in value.items():
            table[key] = _item(each)
        return table
    if isinstance(value, list):
        array = tomlkit.array()
        array.extend([_item(each) for each in value])
        return array.multiline(any(isinstance(each, Mapping) for each in value))
    return tomlkit.item(value)


def _raise_without_paths(error: InputError, folder: Path) -> None:
    if isinstance(error, Faults):
        raise error
    where = error.where.replace(f"{folder}/", "")
    raise InputError(where, error.what, error.remedy) from error
