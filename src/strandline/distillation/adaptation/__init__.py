"""Adaptation of the shipped students to one study area."""
