"""When two stated numbers are the same, and when one is at most the other."""

import math
from collections.abc import Iterator
from dataclasses import fields

from strandline.risk.expectation import Expectation

TOLERANCE = 1e-6
"""Relative difference that is rounding in a sum, not another number [-]."""
SPREAD = ("mean", "p10", "p50", "p90")
"""Of an expectation; where one quantity is at most another in every draw, each of these is."""


def is_same(one: float, other: float) -> bool:
    """Whether two numbers are one, unknown (NaN) in both or equal but for rounding."""
    return (math.isnan(one) and math.isnan(other)) or math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=1e-9)


def is_at_most(one: float, most: float) -> bool:
    """Whether a number is at most another, but for rounding."""
    return one <= most + TOLERANCE * abs(most) + 1e-9


def differing(one: Expectation, other: Expectation) -> Iterator[str]:
    """The names of what differs between two expectations of the same quantity."""
    for field in fields(Expectation):
        if not is_same(float(getattr(one, field.name)), float(getattr(other, field.name))):
            yield field.name
