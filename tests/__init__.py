"""The tests, a package of their own: another distribution also ships a package of this name."""
