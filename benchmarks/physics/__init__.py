"""The flood solver beside analytic solutions and other programs."""
