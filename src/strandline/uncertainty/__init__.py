"""How sure the student is, and how that is proven."""
