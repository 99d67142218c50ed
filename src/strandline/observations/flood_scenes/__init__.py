"""Floods as satellites saw them: images before and after, known points, ground, and labels where there are some."""
