"""Assimilation of gauge readings and forecasts: a filter over the sea level and over which streams are broken."""
