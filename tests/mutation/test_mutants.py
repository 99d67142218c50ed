"""Mutants of a few lines, and that text and types stay."""

import pytest

from tests.mutation.mutants import mutants_of


def changes(source: str) -> set[str]:
    return {f"{one.before} → {one.after}" for one in mutants_of(source.encode())}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b", {"a < b → (a <= b)", "a < b → (a >= b)"}),
        ("a is not b", {"a is not b → (a is b)"}),
        ("a and b", {"a and b → (a or b)"}),
        ("not a", {"not a → (a)"}),
        ("-a", {"-a → (a)"}),
        ("a * b", {"a * b → (a / b)"}),
        ("x = 2", {"2 → (3)"}),
        ("x = 0.0", {"0.0 → (1.0)"}),
        ("x = True", {"True → (False)"}),
        ("x = max(a, b)", {"max(a, b) → (min(a, b))"}),
        ("x = a if b else c", {"a if b else c → (a if not b else c)"}),
        ("x += a", {"x += a → pass"}),
        ("x[a] = b", {"x[a] = b → pass"}),
        ("def f(): return a", {"return a → return None"}),
        ("def f(): return None", set()),
        ("def f(x: int | float = 3) -> A | B: ...", {"3 → (4)"}),
        ('raise ValueError("1", 2 < 3)', {"raise ValueError('1', 2 < 3) → pass"}),
        ('x = f"{1 < 2}"', set()),
        ('"""Text."""\nassert a < 3', set()),
    ],
)
def test_each_kind_of_code_has_its_mutants(source: str, expected: set[str]) -> None:
    found = {change for change in changes(source) if not change.endswith("→ pass") or change in expected}
    assert found == expected


def test_a_mutant_changes_one_place_and_nothing_beside_it() -> None:
    source = "# °\nx = 'Δ' + f(a <\n  b)  # why\ny = 1\n".encode()
    changed = {one.apply(source).decode() for one in mutants_of(source)}
    assert "# °\nx = 'Δ' + f((a <= b))  # why\ny = 1\n" in changed
    assert "# °\nx = 'Δ' + f(a <\n  b)  # why\ny = (2)\n" in changed
