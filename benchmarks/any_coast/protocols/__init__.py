"""Servers on this machine that speak the protocols of public data services."""
