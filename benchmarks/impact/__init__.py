"""Damage of floods to assets and access to services: accuracy and cost beside other tools."""
