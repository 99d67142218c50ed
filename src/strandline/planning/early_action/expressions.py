"""Boolean expressions over named indicators, in three-valued logic: true, false, unknown."""

import ast
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Verdicts = npt.NDArray[np.float64]
"""(T,) 1 = true, 0 = false, NaN = unknown."""


@lru_cache(maxsize=256)  # a protocol has few expressions and asks for them at every hour
def parse(text: str) -> ast.expr:
    """The syntax tree of an expression such as ``wind_near or (surge_near and not tide_low)``.

    Raises:
        ValueError: anything but names, ``and``, ``or``, ``not`` and brackets.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"{text!r} is no expression; join names of indicators by and, or, not") from error
    for node in ast.walk(tree):
        if isinstance(node, ast.BoolOp | ast.And | ast.Or | ast.Not | ast.Name | ast.Load):
            continue
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            continue
        raise ValueError(
            f"{text!r} contains {ast.unparse(node)!r}; use only names of indicators, and, or, not and brackets"
        )
    return tree


@lru_cache(maxsize=256)
def names_in(text: str) -> tuple[str, ...]:
    """The indicators of an expression, each once, in the order of the text."""
    found = [node for node in ast.walk(parse(text)) if isinstance(node, ast.Name)]
    return tuple(dict.fromkeys(node.id for node in sorted(found, key=lambda node: (node.lineno, node.col_offset))))


@lru_cache(maxsize=256)
def negated_in(text: str) -> frozenset[str]:
    """The indicators under an odd number of ``not`` somewhere in an expression."""

    def walk(node: ast.expr, is_negated: bool) -> set[str]:
        if isinstance(node, ast.Name):
            return {node.id} if is_negated else set()
        if isinstance(node, ast.UnaryOp):
            return walk(node.operand, not is_negated)
        assert isinstance(node, ast.BoolOp)
        return set().union(*(walk(value, is_negated) for value in node.values))

    return frozenset(walk(parse(text), False))


def decide(text: str, verdicts: Mapping[str, Verdicts]) -> Verdicts:
    """The value of an expression at each time.

    A true part decides an ``or`` and a false part an ``and`` whatever else is unknown; otherwise one unknown part makes
    the whole unknown.

    Source: strong three-valued logic, Kleene (1952), Introduction to Metamathematics, section 64.
    """

    def value_of(node: ast.expr) -> Verdicts:
        if isinstance(node, ast.Name):
            return verdicts[node.id]
        if isinstance(node, ast.UnaryOp):
            return np.asarray(1.0 - value_of(node.operand))
        assert isinstance(node, ast.BoolOp)
        parts = np.stack([value_of(value) for value in node.values])  # (K, T)
        decisive = 1.0 if isinstance(node.op, ast.Or) else 0.0
        is_known = ~np.isnan(parts).any(axis=0)
        decided = (parts == decisive).any(axis=0)
        return np.where(decided, decisive, np.where(is_known, 1.0 - decisive, np.nan))

    return value_of(parse(text))
