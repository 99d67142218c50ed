"""Writes what was fetched into a region file: adds what is missing, changes nothing that is there, keeps comments."""

import math
import tomllib
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeGuard

import tomlkit
from tomlkit.items import Array, InlineTable, Table

from strandline.errors import InputError
from strandline.files import write_bytes
from strandline.observations.fetch.source import CachedFile, RegionSection
from strandline.observations.region_file.vertical_datum import MEAN_SEA_LEVEL_ON_GEOID

_BY_HAND = "write these sections by hand:\n"


@dataclass(frozen=True)
class Completion:
    """What a region file gained.

    Attributes:
        added: names of sections that are new or have new values.
        kept: sentences on what the file states otherwise than what was fetched.
    """

    added: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def complete(path: Path, files: Sequence[CachedFile]) -> Completion:
    """Add the sections of fetched files to a region file.

    A value that the file states already stays, also where another one was fetched: it may be a person's correction.

    Raises:
        InputError: the file cannot be read or written, or cannot be completed without a change of what it states.
    """
    try:
        text = path.read_bytes().decode("utf-8")
        before = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(path, f"is not a readable TOML file ({error})", "correct it, then fetch again") from error
    sections, clashes = merged(files)
    sections = [_on_region_datum(section, before) for section in sections]
    expected, changes = _plain(before), _Changes()
    for section in sections:
        _apply(expected, section, _plain, changes)
    if changes.added:
        document = tomlkit.parse(text)
        for section in sections:
            _apply(document, section, _toml, _Changes())
        content = tomlkit.dumps(document)
        if tomllib.loads(content) != expected:
            what = "cannot be completed without a change of what it states"
            raise InputError(path, what, _BY_HAND + as_toml(sections))
        write_bytes(path, content.encode("utf-8"))
    return Completion(tuple(dict.fromkeys(changes.added)), (*clashes, *changes.kept))


def completed(stated: Mapping[str, Any], files: Sequence[CachedFile]) -> dict[str, Any]:
    """What a region file will state once it is completed with fetched files, as plain tables."""
    expected: dict[str, Any] = _plain(stated)
    for section in merged(files)[0]:
        _apply(expected, _on_region_datum(section, stated), _plain, _Changes())
    return expected


def merged(files: Sequence[CachedFile]) -> tuple[list[RegionSection], list[str]]:
    """The sections that files fill, one for each table, and sentences on files that fill a table of another source.

    Of several files of one source, lists are joined; the first source of a table fills it.
    """
    sections: list[RegionSection] = []
    filled: dict[str, tuple[int, str]] = {}
    clashes = []
    for file in files:
        section = file.to_section()
        if section is None:
            continue
        if section.is_repeated or section.table not in filled:
            if not section.is_repeated:
                filled[section.table] = len(sections), file.source
            sections.append(section)
            continue
        index, source = filled[section.table]
        if source != file.source:
            clashes.append(
                f"[{section.table}] is filled by {source}; '{file.region_path}' of {file.source} is not used"
            )
            continue
        sections[index] = _joined(sections[index], section)
    return sections, list(dict.fromkeys(clashes))


def as_toml(sections: Sequence[RegionSection]) -> str:
    """Sections as text of a region file."""
    document = tomlkit.document()
    for section in sections:
        _apply(document, section, _toml, _Changes())
    return tomlkit.dumps(document)


def _on_region_datum(section: RegionSection, region_file: Mapping[str, Any]) -> RegionSection:
    """A section whose heights are above the region's own datum says just that; any other one needs an offset."""
    region = region_file.get("region")
    datum = section.values.get("vertical_datum")
    if datum is None or not isinstance(region, Mapping):
        return section
    if region.get("vertical_datum") == datum:
        return replace(section, values={**section.values, "vertical_datum": "region"})
    return _leading_to(region.get("vertical_datum"), section)


def _leading_to(region_datum: object, section: RegionSection) -> RegionSection:
    """A gauge whose offset leads to mean sea level, in a region that counts from something else.

    To a geoid model the height of mean sea level is missing, which is assumed and widens the doubt; to a chart datum or
    a local zero nothing leads, and the offset is left out, so that it is asked for.
    """
    offset, kind = section.values.get("offset_to_region_datum"), _kind(region_datum)
    if section.table != "tide_gauge" or not isinstance(offset, Mapping) or kind == "mean sea level":
        return section
    if kind != "geoid model":
        left = {
            key: value
            for key, value in section.values.items()
            if key not in ("offset_to_region_datum", "mean_sea_level")
        }
        comment = "OPEN: nothing leads from this gauge's zero to the region's datum; add 'offset_to_region_datum'."
        return replace(section, values=left, comments=(*section.comments, comment))
    wider = {
        **offset,
        "uncertainty": round(math.hypot(float(str(offset["uncertainty"])), MEAN_SEA_LEVEL_ON_GEOID), 2),
        "source": f"{offset['source']}; ASSUMPTION: that stands at the zero of the geoid model",
    }
    comment = f"ASSUMPTION: mean sea level stands at the geoid model's zero, within {MEAN_SEA_LEVEL_ON_GEOID} m."
    return replace(
        section, values={**section.values, "offset_to_region_datum": wider}, comments=(*section.comments, comment)
    )


def _kind(datum: object) -> object:
    return datum.get("kind") if isinstance(datum, Mapping) else None


class _Changes:
    """What was added to a region file, and what was kept."""

    def __init__(self) -> None:
        self.added: list[str] = []
        self.kept: list[str] = []


def _joined(first: RegionSection, second: RegionSection) -> RegionSection:
    values: dict[str, Any] = dict(first.values)
    for key, value in second.values.items():
        if key not in values:
            values[key] = value
        elif _is_list(values[key]) and _is_list(value):
            values[key] = [*values[key], *(each for each in value if each not in values[key])]
    comments = (*first.comments, *(line for line in second.comments if line not in first.comments))
    return replace(first, values=values, comments=comments)


def _apply(target: MutableMapping[str, Any], section: RegionSection, make: Any, changes: _Changes) -> None:
    """Add a section to a region file, given as plain tables or as a document.

    Args:
        make: turns a value into one of ``target``; a table is given its comments.
    """
    *parents, name = section.table.split(".")
    for parent in parents:
        if parent not in target:
            target[parent] = make({})
        target = target[parent]
    if section.is_repeated:
        tables = target.get(name, [])
        if isinstance(tables, Mapping):  # [assets], which stands for one file
            if not _is_same(tables, section):
                sentence = f"[{name}] is one table, beside which none can stand; write it as [[{name}]], fetch again"
                changes.kept.append(sentence)
            return
        if any(_is_same(table, section) for table in tables):
            return
        if name not in target:
            target[name] = tomlkit.aot() if make is _toml else []
        target[name].append(make(section.values, section.comments))
        changes.added.append(section.table)
        return
    if name not in target:
        target[name] = make(section.values, section.comments)
        changes.added.append(section.table)
        return
    table = target[name]
    for key, value in section.values.items():
        if key not in table:
            table[key] = make(value, inline=True)
            changes.added.append(section.table)
        elif _is_list(value) and isinstance(table[key], list) and _may_grow(table[key], value):
            for each in value:
                if _plain(each) not in _plain(table[key]):
                    table[key].append(make(each, inline=True))
                    changes.added.append(section.table)
        elif _plain(table[key]) != _plain(value):
            changes.kept.append(f"[{section.table}] {key} is stated otherwise than fetched, and stays as it is")


def _is_same(table: Mapping[str, Any], section: RegionSection) -> bool:
    """Whether one of several tables stands for what was fetched: by its name, by its file, or of assets by its source.

    A newer release of one map of buildings beside the older one would count most of them twice.
    """
    keys = ("name", "path", "paths", *(("source",) if section.table == "assets" else ()))
    values = section.values
    return any(key in values and key in table and _plain(table[key]) == _plain(values[key]) for key in keys)


def _may_grow(there: Sequence[Any], fetched: Sequence[Any]) -> bool:
    """Whether a list is one of files or tables; a list of numbers, as bounds, is one value."""
    return all(isinstance(each, str | Mapping) for each in (*there, *fetched))


def _is_list(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _plain(value: Any, comments: Sequence[str] = (), *, inline: bool = False) -> Any:
    """A value as tomllib gives it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if _is_list(value):
        return [_plain(each) for each in value]
    return value.unwrap() if hasattr(value, "unwrap") else value


def _toml(value: Any, comments: Sequence[str] = (), *, inline: bool = False) -> Any:
    """A value as an item of a document; tables within tables stand on one line."""
    if isinstance(value, Mapping):
        table: Table | InlineTable = tomlkit.inline_table() if inline else tomlkit.table()
        if isinstance(table, Table):
            for line in comments:
                table.add(tomlkit.comment("".join(letter if letter.isprintable() else " " for letter in line)))
        for key, each in value.items():
            table.add(key, _toml(each, inline=True))
        return table
    if _is_list(value):
        array: Array = tomlkit.array()
        array.extend([_toml(each, inline=True) for each in value])
        return array.multiline(any(isinstance(each, Mapping) for each in value))
    return tomlkit.item(value)
