"""Accuracy and cost of the inundation solver, beside analytic solutions and other programs."""
