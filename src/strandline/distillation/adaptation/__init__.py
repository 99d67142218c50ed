"""Adapting the shipped students to one study area."""
