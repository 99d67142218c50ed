"""The tree of the package: rooms, their size, and that every module is reached by a command or by the public face."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import strandline

pytestmark = pytest.mark.slow

ROOT = Path(strandline.__file__).parent
ROOMS = (
    "observations", "models", "simulator", "distillation", "uncertainty", "risk", "planning", "report", "pipeline",
    "watch", "web", "cli",
)  # fmt: skip
MARKERS = {"__init__.py", "py.typed", "__pycache__"}
DYNAMIC = {
    "strandline.observations.readers.formats.reading_worker": "the program of a ReadingProcess",
    "strandline.pipeline.export.ogc.providers": "loaded by pygeoapi, by the names in its configuration",
    "strandline.watch.store.migrations.env": "run by alembic",
    "strandline.watch.store.migrations.versions.first_tables": "run by alembic",
}
"""Modules that are loaded by path or started as a program."""


def entries(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - MARKERS


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def statements(node: ast.AST) -> Iterator[ast.stmt]:
    """All within a node, at any depth; expressions, most of a tree, hold none."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.expr):
            if isinstance(child, ast.stmt):
                yield child
            yield from statements(child)


def imports_of(path: Path, modules: set[str]) -> set[str]:
    """Modules of the package that a file imports, at its top or within a function, and their packages."""
    found = set()
    for node in statements(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name in modules}


def test_the_top_holds_the_twelve_rooms_and_two_files() -> None:
    assert entries(ROOT) == {*ROOMS, "errors.py", "files.py"}


def test_no_folder_holds_more_than_a_dozen_entries() -> None:
    folders = [ROOT, *(path for path in ROOT.rglob("*") if path.is_dir() and path.name != "__pycache__")]
    longest = {folder.relative_to(ROOT).as_posix(): len(entries(folder)) for folder in folders}
    assert {name: count for name, count in longest.items() if count > (14 if name == "." else 12)} == {}


def test_every_module_is_reached_from_a_command_or_the_public_face() -> None:
    paths = {module_name(path): path for path in ROOT.rglob("*.py")}
    modules, reached = set(paths), set[str]()
    waiting = ["strandline", "strandline.cli.main"]
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        package = name.rpartition(".")[0]
        waiting += [*imports_of(paths[name], modules), *([package] if package in modules else [])]
    unreached = {
        name for name in modules - reached - set(DYNAMIC) if not name.startswith("strandline.watch.store.migr")
    }
    assert unreached == set()


def test_tests_lie_in_folders_of_the_package() -> None:
    tests = Path(__file__).parents[1]
    folders = {path.parent.relative_to(tests).as_posix() for path in tests.rglob("test_*.py")}
    others = {"architecture", "benchmarks", "docs", "mutation"}
    assert {name for name in folders - others if not (ROOT / name).is_dir()} == set()
