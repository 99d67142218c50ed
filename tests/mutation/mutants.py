"""Mutants of a source file: small wrong changes, each of which a test should notice.

Docstrings, annotations, decorators, assertions, f-strings and what stands in a ``raise`` are left alone.
"""

import ast
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
"""First the boundary, then the opposite."""
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
NAMES = {"min": "max", "minimum": "maximum", "any": "all", "nanmin": "nanmax", "argmin": "argmax"}
NAMES |= {second: first for first, second in NAMES.items()}
REMOVED = ast.Expr, ast.AugAssign, ast.Raise, ast.Continue, ast.Break


@dataclass(frozen=True)
class Mutant:
    """One change of a file.

    Attributes:
        line: where it begins.
        before, after: the code that is changed, and what stands there instead.
        start, end: its place in the file [bytes].
    """

    line: int
    before: str
    after: str
    start: int
    end: int

    def apply(self, source: bytes) -> bytes:
        """The file with the change."""
        return source[: self.start] + self.after.encode() + source[self.end :]


def mutants_of(source: bytes) -> list[Mutant]:
    """All of a file, in its order."""
    offsets = [0]
    for line in source.splitlines(keepends=True):
        offsets.append(offsets[-1] + len(line))
    found = []
    for node, after in _changes(ast.parse(source)):
        start = offsets[node.lineno - 1] + node.col_offset
        end = offsets[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        found.append(Mutant(node.lineno, ast.unparse(node), after, start, end))
    return sorted(found, key=lambda one: (one.start, one.end, one.after))


def _changes(node: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """Nodes and what may stand instead."""
    if isinstance(node, ast.stmt):
        yield from _of_statement(node)
    elif isinstance(node, ast.expr):
        yield from ((node, f"({ast.unparse(new)})") for new in _of_expression(node))
    for child in _looked_into(node):
        yield from _changes(child)


def _looked_into(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from (*node.args.defaults, *(one for one in node.args.kw_defaults if one is not None), *node.body)
        case ast.ClassDef():
            yield from node.body
        case ast.AnnAssign():
            yield from () if node.value is None else (node.value,)
        case ast.Raise() | ast.Assert() | ast.JoinedStr() | ast.Import() | ast.ImportFrom():
            pass
        case _:
            yield from ast.iter_child_nodes(node)


def _of_statement(node: ast.stmt) -> Iterator[tuple[ast.stmt, str]]:
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    into_place = isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name | ast.Tuple)
    if (isinstance(node, REMOVED) and not is_text) or into_place:
        yield node, "pass"
    if isinstance(node, ast.Return) and not (node.value is None or _is_none(node.value)):
        yield node, "return None"


def _of_expression(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.Compare():
            for at, operator in enumerate(node.ops):
                for other in COMPARISONS[type(operator)]:
                    new = deepcopy(node)
                    new.ops[at] = other()
                    yield new
        case ast.BoolOp():
            yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        case ast.UnaryOp():
            yield node.operand
        case ast.BinOp() if type(node.op) in OPERATORS and not _is_none(node.right):
            yield ast.BinOp(node.left, OPERATORS[type(node.op)](), node.right)
        case ast.Constant(value=bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(value=int() as value):
            yield ast.Constant(value + 1)
        case ast.Constant(value=float() as value):
            yield ast.Constant(2 * value if value else 1.0)
        case ast.IfExp() if not isinstance(node.test, ast.Compare | ast.BoolOp | ast.UnaryOp):
            yield ast.IfExp(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
        case ast.Call(func=ast.Name() as name) if name.id in NAMES:
            yield ast.Call(ast.Name(NAMES[name.id]), node.args, node.keywords)
        case ast.Call(func=ast.Attribute() as name) if name.attr in NAMES:
            yield ast.Call(ast.Attribute(name.value, NAMES[name.attr]), node.args, node.keywords)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
