"""How far probabilities, bounds and promises hold: networks, ensembles, one network for many, conformal rules."""
