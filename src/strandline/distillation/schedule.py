"""How the temperature falls while the student learns."""

from strandline.distillation.losses import check_temperature
from strandline.errors import InputError


def geometric_annealing(step: int, steps: int, start: float = 5.0, end: float = 1.0) -> float:
    """Temperature at a step: start · (end/start)^(step/(steps − 1)), from smooth targets to the teacher's own.

    A single step is taken at the last temperature. ``start`` = ``end`` is a constant; a temperature may rise, too.

    Raises:
        InputError: a temperature that is not above 0, or a step outside 0…steps − 1.
    """
    check_temperature(start)
    check_temperature(end)
    if not 0 <= step < steps:
        raise InputError("annealing", f"step {step} is not one of {steps}", f"count from 0 to {steps - 1}")
    if steps == 1:
        return end
    return float(start * (end / start) ** (step / (steps - 1)))
