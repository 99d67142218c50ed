"""The compared methods: from a task to a forecast of quantiles of the water level."""
