"""Sea level at a gauge: harmonic tide and a Gaussian process of the residual."""
