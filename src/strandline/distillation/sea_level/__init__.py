"""Distillation of surge forecasts: a teacher with neighbours, a student with its own readings and the weather."""
