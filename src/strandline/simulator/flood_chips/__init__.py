"""Simulated floods on cells of 10 and 20 m as Sentinel-1 and Sentinel-2 see them, with the true water."""
