"""Storm surge at a gauge that hardly speaks, on real tide gauges."""
