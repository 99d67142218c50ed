"""What is mutated, and which tests should notice."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """Modules that belong together.

    Attributes:
        modules: patterns of files below ``src/strandline``.
        near: arguments of pytest: the tests of these modules.
        wide: tests that run where no test of ``near`` fails.
        count: mutants in a sample.
    """

    modules: tuple[str, ...]
    near: tuple[str, ...]
    wide: tuple[str, ...]
    count: int


GROUPS = {
    "triggers": Group(
        (
            "planning/early_action/triggers.py",
            "planning/early_action/indicators.py",
            "planning/early_action/expressions.py",
            "planning/early_action/streams.py",
            "planning/early_action/neighbour_rule.py",
            "planning/early_action/derive_triggers.py",
            "planning/early_action/evacuation/area_triggers.py",
            "watch/decision_rules.py",
        ),
        (
            "tests/planning/early_action/test_triggers.py",
            "tests/planning/early_action/test_danger.py",
            "tests/planning/early_action/test_late_warning.py",
            "tests/watch/test_decision_rules.py",
            "tests/watch/test_land.py",
            "tests/planning/early_action",
        ),
        ("tests/watch", "tests/planning", "-m", "not slow"),
        70,
    ),
    "losses": Group(
        ("distillation/losses.py", "distillation/objective.py", "distillation/alignment/*.py"),
        ("tests/distillation/test_losses.py", "tests/distillation/test_objective.py", "tests/distillation/alignment"),
        ("tests/distillation", "-m", "not slow"),
        60,
    ),
    "datums": Group(
        ("observations/checks/datums/*.py", "observations/region_file/vertical_datum.py"),
        ("tests/observations/checks/datums", "tests/observations/region_file/test_vertical_datum.py"),
        ("tests/observations", "tests/pipeline/study_area", "-m", "not slow"),
        80,
    ),
    "solver": Group(
        (
            "simulator/hydrodynamics/solver/*.py",
            "simulator/hydrodynamics/local_inertia.py",
            "simulator/hydrodynamics/overtopping.py",
        ),
        (
            "tests/simulator/hydrodynamics/test_faces_and_cells.py",
            "tests/simulator/hydrodynamics/test_walls.py",
            "tests/simulator/hydrodynamics/test_sources.py",
            "tests/simulator/hydrodynamics/test_inundation.py",
            "tests/simulator/hydrodynamics",
        ),
        ("tests/simulator",),
        60,
    ),
}
