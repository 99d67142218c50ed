"""What gauges and satellites record of a simulated flood."""
