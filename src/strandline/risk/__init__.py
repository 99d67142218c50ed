"""From extreme levels and flooded cells to damage: hazard, vulnerability, impact."""
