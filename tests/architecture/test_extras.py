"""What the default install lacks: no code that it runs may load it without first naming the extra that brings it."""

import ast
from pathlib import Path

import pytest

from tests.architecture.test_tree import ROOT, module_name, statements, tree_of

pytestmark = pytest.mark.slow

EXTRAS = {
    "alembic", "apprise", "babel", "distributed", "docx", "eccodes", "erddapy", "fastapi", "httpx", "odc", "onnx",
    "onnxruntime", "onnxscript", "osmnx", "overturemaps", "pennylane", "pg8000", "PIL", "plotly", "pyarrow",
    "pybreaker", "pydyf", "pygeoapi", "pystac_client", "rio_tiler", "sqlalchemy", "sse_starlette", "starlette",
    "tenacity", "tomlkit", "uvicorn", "weasyprint",
}  # fmt: skip
"""Packages of the extras, as they are imported."""


def imports(statement: ast.stmt, modules: dict[str, Path]) -> set[str]:
    """Own modules, whole names, and the others' packages that a statement loads."""
    if isinstance(statement, ast.Import):
        names = {alias.name for alias in statement.names}
    elif isinstance(statement, ast.ImportFrom) and statement.module:
        names = {statement.module, *(f"{statement.module}.{alias.name}" for alias in statement.names)}
    else:
        return set()
    own = {name for name in names if name in modules}
    parents = {".".join(name.split(".")[:end]) for name in own for end in range(1, name.count(".") + 1)}
    return own | (parents & modules.keys()) | {name.split(".")[0] for name in names if name.split(".")[0] in EXTRAS}


def is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def at_load(tree: ast.AST) -> list[ast.stmt]:
    """Statements that run when a module is loaded; no expression holds one."""
    found: list[ast.stmt] = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.expr | ast.FunctionDef | ast.AsyncFunctionDef) or is_for_types(node):
            continue
        if isinstance(node, ast.stmt):
            found.append(node)
        found += at_load(node)
    return found


def asks(node: ast.AST) -> list[int]:
    """Lines that ask for an extra."""
    calls = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
    return [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id == "require_extra"]


def test_an_extra_is_asked_for_before_it_is_loaded() -> None:
    paths = {module_name(path): path for path in ROOT.rglob("*.py")}
    trees = {name: tree_of(path) for name, path in paths.items()}
    loads = {name: set[str]().union(*(imports(each, paths) for each in at_load(tree))) for name, tree in trees.items()}
    needing = {name for name, loaded in loads.items() if loaded & EXTRAS}
    while more := {name for name, loaded in loads.items() if loaded & needing} - needing:
        needing |= more
    assert "strandline.watch.store.database.locations" in needing
    unasked = []
    for name in paths.keys() - needing:
        functions = [
            node for node in statements(trees[name]) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        for function in functions:
            within = [each for each in statements(function) if isinstance(each, ast.Import | ast.ImportFrom)]
            if not within:
                continue
            asked = asks(function) or ([0] if function.name.startswith("_") and asks(trees[name]) else [])
            for node in within:
                loaded = imports(node, paths) & (EXTRAS | needing)
                if loaded and not any(line < node.lineno for line in asked):
                    unasked.append(f"{name}:{node.lineno} {function.name} loads {sorted(loaded)}")
    assert unasked == []
