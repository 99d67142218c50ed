"""How the temperature falls while the student learns."""


def geometric_annealing(step: int, steps: int, start: float = 5.0, end: float = 1.0) -> float:
    """Temperature at a step: start · (end/start)^(step/(steps − 1)), from smooth targets to the teacher's own."""
    if steps < 2:
        return end
    return float(start * (end / start) ** (step / (steps - 1)))
