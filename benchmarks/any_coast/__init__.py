"""From a box on the map to a plan, against services on this machine that serve simulated stand-ins for whole places."""
