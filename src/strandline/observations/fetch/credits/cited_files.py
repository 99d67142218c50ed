"""Whose the files of a region file are: by the manifest of a fetch, else as the region file states it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from strandline.errors import InputError
from strandline.observations.checks.findings import Checked, Finding
from strandline.observations.fetch.cache import read_manifest
from strandline.observations.fetch.credits.data_files import DataFile, without_secrets
from strandline.observations.fetch.source import CACHE_FOLDER, CachedFile, checksum
from strandline.observations.region_file.values import Sourced


def cite(named: Mapping[str, Sequence[tuple[Sourced, Sequence[Path]]]]) -> Checked[tuple[DataFile, ...]]:
    """What is to be stated of each file that a run reads, each once, and doubts about manifests.

    Args:
        named: name of a section → its tables with their files.
    """
    manifests: dict[Path, Mapping[str, CachedFile]] = {}
    doubts: list[Finding] = []
    files: dict[Path, DataFile] = {}
    for section, tables in named.items():
        for table, paths in tables:
            for path in paths:
                if path in files:
                    before = files[path]
                    if section not in before.used_for.split(", "):
                        files[path] = _also_for(before, section)
                    continue
                fetched = _fetched(path, manifests, doubts)
                files[path] = _own(path, section, table) if fetched is None else _of_publisher(path, section, fetched)
    return Checked(tuple(files.values()), tuple(doubts))


def _fetched(path: Path, manifests: dict[Path, Mapping[str, CachedFile]], doubts: list[Finding]) -> CachedFile | None:
    """The manifest's entry of a file; ``None`` = it was not fetched."""
    if CACHE_FOLDER not in path.parts:
        return None
    place = len(path.parts) - 1 - path.parts[::-1].index(CACHE_FOLDER)
    root = Path(*path.parts[:place])
    if root not in manifests:
        try:
            manifests[root] = read_manifest(root)
        except InputError as error:
            manifests[root] = {}
            doubts.append(
                Finding(f"{CACHE_FOLDER}/manifest.json", error.what, "fetch again, so that credits are stated")
            )
    return manifests[root].get("/".join(path.parts[place + 1 :]))


def _of_publisher(path: Path, section: str, fetched: CachedFile) -> DataFile:
    found = _checksum(path)
    return DataFile(
        fetched.region_path,
        section,
        without_secrets(f"{fetched.source}, {fetched.url}"),
        fetched.licence,
        fetched.attribution,
        "" if fetched.date is None else fetched.date.isoformat(),
        fetched.fetched.date().isoformat(),
        found,
        is_changed=found != fetched.sha256,
    )


def _own(path: Path, section: str, table: Sourced) -> DataFile:
    source = without_secrets(getattr(table, "source", None) or "not stated")
    return DataFile(path.name, section, source, getattr(table, "licence", "not stated"), sha256=_checksum(path))


def _also_for(file: DataFile, section: str) -> DataFile:
    return DataFile(**{**vars(file), "used_for": f"{file.used_for}, {section}"})


def _checksum(path: Path) -> str:
    """SHA-256 of a file; empty for a folder, and for what cannot be read, which its reader says."""
    try:
        return checksum(path) if path.is_file() else ""
    except OSError:
        return ""
