"""Local-inertial shallow-water solvers."""
