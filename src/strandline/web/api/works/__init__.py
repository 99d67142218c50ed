"""The API of drawn works: an answer at once, its confirmation by the solver, and strategies that people save."""
