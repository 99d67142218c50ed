"""Forecasts of pressure, wind and rain: GRIB, CF NetCDF and Zarr, Open-Meteo, plain tables and cyclone advisories."""
