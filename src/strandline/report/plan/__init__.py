"""The plan as documents for people."""
